// Package protos compiles .proto files.
package protos

import (
	"context"
	"fmt"
	"path"
	"path/filepath"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Compile compiles the .proto files of one directory. It is relative to root, as
// are the imports in the files, and their paths.
func Compile(root, dir string) ([]protoreflect.FileDescriptor, error) {
	found, err := filepath.Glob(filepath.Join(root, dir, "*.proto"))
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s has no .proto files", filepath.Join(root, dir))
	}
	var names []string
	for _, f := range found {
		names = append(names, path.Join(dir, filepath.Base(f)))
	}
	compiler := protocompile.Compiler{
		Resolver:       protocompile.WithStandardImports(&protocompile.SourceResolver{ImportPaths: []string{root}}),
		SourceInfoMode: protocompile.SourceInfoStandard,
	}
	compiled, err := compiler.Compile(context.Background(), names...)
	if err != nil {
		return nil, err
	}
	var files []protoreflect.FileDescriptor
	for _, f := range compiled {
		files = append(files, f)
	}
	return files, nil
}

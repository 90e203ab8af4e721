// Protogen compiles the .proto files of one directory to Go, beside them.
//
//	go -C internal/tools run ./protogen ROOT DIR
//
// DIR is relative to ROOT, and so are the imports in the files. The tools are a
// module of their own, so that what compiles the files is no dependency of what
// uses them.
package main

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/bufbuild/protocompile/protoutil"
	"google.golang.org/protobuf/cmd/protoc-gen-go/internal_gengo"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/pluginpb"

	"github.com/ractor-go/ractor/internal/tools/protos"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: protogen ROOT DIR")
		os.Exit(2)
	}
	if err := generate(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "protogen:", err)
		os.Exit(1)
	}
}

func generate(root, dir string) error {
	files, err := protos.Compile(root, dir)
	if err != nil {
		return err
	}
	plugin, err := protogen.Options{}.New(request(files))
	if err != nil {
		return err
	}
	for _, f := range plugin.Files {
		if f.Generate {
			internal_gengo.GenerateFile(plugin, f)
		}
	}
	response := plugin.Response()
	if response.Error != nil {
		return errors.New(response.GetError())
	}
	// What protogen names by its import path goes where the .proto file is.
	for _, f := range response.GetFile() {
		to := filepath.Join(root, dir, path.Base(f.GetName()))
		if err := os.WriteFile(to, []byte(f.GetContent()), 0o644); err != nil { //nolint:gosec // source files are for all to read
			return err
		}
	}
	return nil
}

// request is what protoc would ask of protoc-gen-go: to generate code for the
// files; before each comes what it imports.
func request(files []protoreflect.FileDescriptor) *pluginpb.CodeGeneratorRequest {
	r := new(pluginpb.CodeGeneratorRequest)
	added := map[string]bool{}
	var add func(protoreflect.FileDescriptor)
	add = func(f protoreflect.FileDescriptor) {
		if added[f.Path()] {
			return
		}
		added[f.Path()] = true
		imports := f.Imports()
		for i := range imports.Len() {
			add(imports.Get(i).FileDescriptor)
		}
		r.ProtoFile = append(r.ProtoFile, protoutil.ProtoFromFileDescriptor(f))
	}
	for _, f := range files {
		r.FileToGenerate = append(r.FileToGenerate, f.Path())
		add(f)
	}
	return r
}

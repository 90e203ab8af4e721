package main

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

const (
	prefix    = "ractor."       // before the names of their packages, here
	extension = "ractor.goext." // packages that only we have
)

// beyond are the fields that only we have, which they must leave free.
var beyond = map[string]bool{
	"auth.NodeFlags = 50001":      true,
	"meta.NetworkMessage = 50002": true,
}

type report struct {
	same  int
	news  []string // what they have and we have not: we skip it
	wrong []string // what is not the same on both sides, or only here
}

// An item is a field of a message, or a value of an enum: what has a number on
// the wire. Its key is where it is found there, its meaning what it says there.
type item struct{ key, meaning string }

// compare lays the items side by side by key.
func compare(ours, theirs []protoreflect.FileDescriptor) report {
	var r report
	known := map[string]string{}
	for _, i := range items(theirs) {
		known[i.key] = i.meaning
	}
	here := map[string]bool{}
	for _, i := range items(ours) {
		here[i.key] = true
		meaning, there := known[i.key]
		switch {
		case beyond[i.key] && there:
			r.wrong = append(r.wrong, fmt.Sprintf("%s is ours, and taken: there it is %s", i.key, meaning))
		case beyond[i.key]:
		case !there:
			r.wrong = append(r.wrong, fmt.Sprintf("%s is here %s, and not there", i.key, i.meaning))
		case meaning != i.meaning:
			r.wrong = append(r.wrong, fmt.Sprintf("%s is here %s, there %s", i.key, i.meaning, meaning))
		default:
			r.same++
		}
	}
	for _, i := range items(theirs) {
		if !here[i.key] {
			r.news = append(r.news, i.key+" is "+i.meaning)
		}
	}
	return r
}

// items returns what has a number, in the order of the files.
func items(files []protoreflect.FileDescriptor) []item {
	var found []item
	var messages func(protoreflect.MessageDescriptors)
	enums := func(all protoreflect.EnumDescriptors) {
		for i := range all.Len() {
			values := all.Get(i).Values()
			for j := range values.Len() {
				v := values.Get(j)
				found = append(found, item{fmt.Sprintf("%s = %d", name(all.Get(i)), v.Number()), string(v.Name())})
			}
		}
	}
	messages = func(all protoreflect.MessageDescriptors) {
		for i := range all.Len() {
			fields := all.Get(i).Fields()
			for j := range fields.Len() {
				f := fields.Get(j)
				found = append(found, item{fmt.Sprintf("%s = %d", name(all.Get(i)), f.Number()), meaning(f)})
			}
			messages(all.Get(i).Messages())
			enums(all.Get(i).Enums())
		}
	}
	for _, f := range files {
		if strings.HasPrefix(string(f.Package())+".", extension) {
			continue
		}
		messages(f.Messages())
		enums(f.Enums())
	}
	return found
}

// meaning is all of a field that tells on the wire or in its use.
func meaning(f protoreflect.FieldDescriptor) string {
	var words []string
	if o := f.ContainingOneof(); o != nil && !o.IsSynthetic() {
		words = append(words, "oneof", string(o.Name())+":")
	}
	switch {
	case f.IsList() && f.IsPacked():
		words = append(words, "repeated packed")
	case f.IsList() || f.IsMap():
		words = append(words, "repeated")
	case f.HasOptionalKeyword():
		words = append(words, "optional")
	}
	switch {
	case f.Message() != nil:
		words = append(words, name(f.Message()))
	case f.Enum() != nil:
		words = append(words, name(f.Enum()))
	default:
		words = append(words, f.Kind().String())
	}
	return strings.Join(append(words, string(f.Name())), " ")
}

// name is a name of theirs, or of ours as it would be there.
func name(d protoreflect.Descriptor) string {
	return strings.TrimPrefix(string(d.FullName()), prefix)
}

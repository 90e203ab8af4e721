package cluster

import "strings"

// schema is what is fixed of a variant, and, after a #, what is not.
func (v *variant) schema() string {
	kind := "cast "
	if v.reply != nil {
		kind = "call "
	}
	return v.body.schema(kind+v.name, v.reply)
}

// schema of a derived enum: the order and the types of the fields count.
func (p *plan) schema(head string, reply *replyField) string {
	types, names := p.signature()
	if reply != nil {
		types += " -> " + reply.how.String()
	}
	if len(names) > 0 {
		types += " # " + strings.Join(names, ", ")
	}
	return head + types + "\n"
}

// schema of a CBOR message: the names and the types of the fields count.
func (c *cborType) schema(head string, reply *replyField) string {
	name := head[strings.Index(head, " ")+1:]
	lines := append([]string{head}, c.describe(name)...)
	if reply != nil {
		lines = append(lines, reply.how.(cborAnswers).describe(name+" ->")...) //nolint:forcetypeassert // cborVariant has made it
	}
	return strings.Join(lines, "\n") + "\n"
}

// String is the type's name.
func (c *cborType) String() string { return c.typ.String() }

package cluster

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unsafe"

	"github.com/ractor-go/ractor/actor"
)

// typed is every Codec: it finds the variant of a message, whose body does the
// rest.
type typed[M any] struct {
	how    string   // Enum, CBOR ...
	self   *variant // M itself, if there is nothing to choose
	list   []*variant
	byType map[typeID]*variant
	byName map[string]*variant
	err    error
}

// typeID is the address of a type's descriptor, which tells types apart as
// reflect.Type does, and is found three times as fast in a map.
type typeID uintptr

func idOf(t reflect.Type) typeID { return typeID(reflect.ValueOf(t).Pointer()) }

// typeOf is idOf(reflect.TypeOf(v)), 0 for nil: the first word of an interface.
func typeOf(v any) typeID { return *(*typeID)(unsafe.Pointer(&v)) }

var (
	errIsCast     = errors.New("it came as a call, and has no Reply")
	errIsCall     = errors.New("it came as a cast, and has a Reply")
	errNilMessage = errors.New("it is nil")
)

// newCodec makes a Codec of variants, whose names get the prefix; fill gives each
// one its body and Reply.
func newCodec[M any](how, prefix string, variants []Variant, fill func(v *variant) error) *typed[M] {
	c := &typed[M]{how: how, byType: make(map[typeID]*variant), byName: make(map[string]*variant)}
	if len(variants) == 0 {
		c.wrong("", errors.New("it has no variants"))
	}
	for i, box := range variants {
		if box == nil {
			c.wrong("", fmt.Errorf("variant %d is nil", i))
			continue
		}
		v := box.variant()
		named := v.name != ""
		v.name = prefix + v.name
		v.about = CodecError{Message: c.Message(), Variant: v.name}
		switch {
		case !named:
			c.wrong("", fmt.Errorf("the variant of %v has no name", v.typ))
		case c.byName[v.name] != nil:
			c.wrong(v.name, fmt.Errorf("both %v and %v have this name", c.byName[v.name].typ, v.typ))
		case c.byType[idOf(v.typ)] != nil:
			c.wrong(v.name, fmt.Errorf("%v is variant %s already", v.typ, c.byType[idOf(v.typ)].name))
		}
		if err := errors.Join(belongs(v, c.Message()), structure(v, fill)); err != nil {
			c.wrong(v.name, err)
		}
		c.list = append(c.list, v)
		c.byName[v.name], c.byType[idOf(v.typ)] = v, v
		if v.typ == c.Message() && v.typ == v.content {
			c.self = v
		}
	}
	return c
}

// oneCodec is the Codec of messages that are no structs; err is what is wrong with
// them. Without a name it takes what comes with any.
func oneCodec[M any](how, name string, b body, err error) *typed[M] {
	c := &typed[M]{how: how}
	if err != nil {
		c.wrong("", err)
	}
	c.self = &variant{name: name, typ: c.Message(), body: b, about: CodecError{Message: c.Message(), Variant: name}}
	c.list = []*variant{c.self}
	c.byName = map[string]*variant{name: c.self}
	return c
}

// structure fills a variant that is a struct.
func structure(v *variant, fill func(v *variant) error) error {
	if v.content.Kind() != reflect.Struct {
		return fmt.Errorf("%v is no struct: put it into a field of one", v.typ)
	}
	return fill(v)
}

// belongs says why a variant is no message of type m.
func belongs(v *variant, m reflect.Type) error {
	switch {
	case m.Kind() != reflect.Interface && v.typ == m:
	case m.Kind() != reflect.Interface:
		return fmt.Errorf("%v is not %v, which is no interface and so the only variant", v.typ, m)
	case v.typ.Implements(m):
	case reflect.PointerTo(v.typ).Implements(m):
		return fmt.Errorf("%v has methods with pointer receivers: the variant is *%v", v.typ, v.typ)
	default:
		return fmt.Errorf("%v does not implement %v", v.typ, m)
	}
	return nil
}

// wrong notes what is wrong with a variant.
func (c *typed[M]) wrong(variant string, err error) {
	if variant != "" {
		variant = " " + variant
	}
	c.err = errors.Join(c.err, fmt.Errorf("%w: %s of %v%s: %w", ErrCodec, c.how, c.Message(), variant, err))
}

// Message returns M.
func (c *typed[M]) Message() reflect.Type { return reflect.TypeFor[M]() }

// Err says why the Codec is of no use.
func (c *typed[M]) Err() error { return c.err }

// String says what the Codec is for.
func (c *typed[M]) String() string { return c.how + " of " + c.Message().String() }

// Schema has a line for each variant, and comments with what does not matter; of
// a Codec that is of no use nothing else.
func (c *typed[M]) Schema() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %v\n", c)
	if c.err != nil {
		return b.String()
	}
	for _, v := range c.list {
		b.WriteString(v.schema())
	}
	return b.String()
}

// Send sends m to a shim of this package (actor.Sender).
func (c *typed[M]) Send(ctx context.Context, to *actor.Shim, m M, t *actor.Ticket) error {
	if f, ok := to.Far().(*far); ok && t == nil {
		if v, at := c.fixed(&m); v != nil {
			return f.session.out.putFixed(f.pid, v, at)
		}
	}
	way, ok := to.Far().(line)
	if !ok {
		return fmt.Errorf("%w: %v is no actor of a cluster", actor.ErrWrongType, to.Far())
	}
	out, err := way.begin(ctx)
	if err != nil {
		return err
	}
	err = c.encode(m, out)
	if t == nil || err != nil {
		return way.end(ctx, out, err)
	}
	waits := out.pending != nil
	if waits {
		out.pending.ticket = t
	}
	if err := way.end(ctx, out, nil); err != nil {
		return err
	}
	if !waits {
		settle(t)
	}
	return nil
}

// fixed returns m's variant and where the struct is, if that can be encoded by
// fill; otherwise nil. The data word of an interface is a pointer in m itself, or
// points to what m has: such structs have no pointers, so none is that word itself.
func (c *typed[M]) fixed(m *M) (*variant, unsafe.Pointer) {
	if v := c.self; v != nil {
		if v.fixed == nil {
			return nil, nil
		}
		return v, hide(unsafe.Pointer(m))
	}
	message := any(*m)
	v := c.byType[typeOf(message)]
	if v == nil || v.fixed == nil {
		return nil, nil
	}
	at := (*[2]unsafe.Pointer)(unsafe.Pointer(&message))[1]
	if at == nil {
		return nil, nil
	}
	return v, at
}

func (c *typed[M]) encode(m M, out *outgoing) error {
	v := c.self
	var err *CodecError
	if v != nil {
		err = v.encode(hide(unsafe.Pointer(&m)), out)
	} else if v = c.byType[typeOf(m)]; v != nil {
		err = v.box.encode(m, v, out)
	} else {
		return &CodecError{Doing: "encode", Message: c.Message(), Err: unknownType(m)}
	}
	if err != nil {
		return v.blame("encode", err)
	}
	return nil
}

func unknownType(m any) error {
	if m == nil {
		return errNilMessage
	}
	return fmt.Errorf("a %T is no variant", m)
}

func (c *typed[M]) decode(in *incoming) error {
	to, ok := actor.As[M](in.to)
	if !ok {
		return c.takesNone(in.to)
	}
	m, err := c.message(in)
	if err != nil {
		return err
	}
	if !in.call {
		return to.Cast(in.ctx, m)
	}
	err = actor.Request(in.ctx, to, m, in.request.Ticket)
	if err != nil {
		in.request.GiveUp()
	}
	return err
}

// takesNone is the error of messages to an actor that does not take them.
func (c *typed[M]) takesNone(to actor.AnyRef) error {
	return fmt.Errorf("%w: %v takes no %v", actor.ErrWrongType, to, c.Message())
}

// message makes the message that in describes.
func (c *typed[M]) message(in *incoming) (m M, err error) {
	v := c.self
	if v == nil || v.name != "" {
		if v = in.recent; v == nil || v.name != string(in.variant) {
			v = c.byName[string(in.variant)]
			in.recent = v
		}
		if v == nil {
			return m, &CodecError{Doing: "decode", Message: c.Message(), Err: fmt.Errorf("%.100q is no variant", in.variant)}
		}
	}
	if v == c.self {
		if err := v.decode(hide(unsafe.Pointer(&m)), in); err != nil {
			return m, v.blame("decode", err)
		}
		return m, nil
	}
	made, wrong := v.box.decode(v, in)
	if wrong != nil {
		return m, v.blame("decode", wrong)
	}
	m, _ = made.(M)
	return m, nil
}

// nameOf returns the name of m's variant.
func (c *typed[M]) nameOf(m M) string {
	v := c.self
	if v == nil {
		v = c.byType[typeOf(m)]
	}
	return v.name
}

// blame completes an error of v.
func (v *variant) blame(doing string, err *CodecError) *CodecError {
	err.Doing, err.Message, err.Variant = doing, v.about.Message, v.about.Variant
	return err
}

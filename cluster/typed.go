package cluster

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"unsafe"

	"github.com/ractor-go/ractor/actor"
)

// typed is every Codec: it finds the variant of a message, whose body does the
// rest.
type typed[M any] struct {
	how    string   // Enum, CBOR ...
	self   *variant // M itself, if there is nothing to choose
	list   []*variant
	empty  []M // a message of each variant, of which only the type counts
	byType map[typeID]*variant
	byName map[string]*variant
	cells  sync.Pool // of *M: places on the heap for messages, see encode
	err    error
}

// typeID is the address of a type's descriptor, which tells types apart as
// reflect.Type does, and is found three times as fast in a map.
type typeID uintptr

func idOf(t reflect.Type) typeID { return typeID(reflect.ValueOf(t).Pointer()) }

// An interface is two words: the type's descriptor, or a table that leads to it, and
// the address of the value. A value that is one pointer is there itself, instead of
// its address.

// typeOf is idOf(reflect.TypeOf(v)), 0 for nil: the first word of an interface.
func typeOf(v any) typeID { return *(*typeID)(unsafe.Pointer(&v)) }

// dataWord is the second word of an interface.
func dataWord(v *any) unsafe.Pointer { return (*[2]unsafe.Pointer)(unsafe.Pointer(v))[1] }

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
		m, _ := reflect.TypeAssert[M](reflect.Zero(v.typ))
		v.nth, c.list, c.empty = len(c.list), append(c.list, v), append(c.empty, m)
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
		if v := c.self; v != nil && v.fixed != nil {
			cell := c.cell()
			*cell = m
			err := f.session.out.putFixed(f.pid, v, unsafe.Pointer(cell))
			c.free(cell)
			return err
		} else if v, at := c.fixed(m); v != nil {
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

// fixed returns m's variant and where the struct is, if that is in an interface and
// can be encoded by fill; otherwise nil.
func (c *typed[M]) fixed(m M) (*variant, unsafe.Pointer) {
	if c.self != nil {
		return nil, nil
	}
	message := any(m)
	v := c.byType[typeOf(message)]
	if v == nil || v.fixed == nil {
		return nil, nil
	}
	at := dataWord(&message) // such a struct has no pointers, and so is not the word itself
	if at == nil {
		return nil, nil
	}
	return v, at
}

// encode appends m to out. Variants are encoded behind an interface, where the
// compiler follows no pointer, so what at points to must be on the heap: the address
// of m itself, given away, would have each m allocated, and an address that is hidden
// from the compiler does not move with the stack. What is in an interface is on the
// heap already; all else goes into a cell.
func (c *typed[M]) encode(m M, out *outgoing) error {
	if v := c.self; v != nil {
		cell := c.cell()
		*cell = m
		err := v.encode(unsafe.Pointer(cell), out)
		c.free(cell)
		return v.blame("encode", err)
	}
	message := any(m)
	v := c.byType[typeOf(message)]
	if v == nil {
		return &CodecError{Doing: "encode", Message: c.Message(), Err: unknownType(m)}
	}
	at := dataWord(&message)
	switch {
	case v.inWord:
		out.word = at
		err := v.encode(unsafe.Pointer(&out.word), out)
		out.word = nil
		return v.blame("encode", err)
	case at == nil:
		return v.blame("encode", &CodecError{Err: errNilMessage})
	}
	return v.blame("encode", v.encode(at, out))
}

// cell returns a place on the heap for one message; free takes it back.
func (c *typed[M]) cell() *M {
	if cell, ok := c.cells.Get().(*M); ok {
		return cell
	}
	return new(M)
}

func (c *typed[M]) free(cell *M) {
	var none M
	*cell = none
	c.cells.Put(cell)
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
	m, err := c.message(in, nil)
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

// message makes the message that in describes, in memory of s unless that is nil.
func (c *typed[M]) message(in *incoming, s *slab) (m M, err error) {
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
		cell := c.cell() // see encode
		err := v.decode(unsafe.Pointer(cell), in)
		made := *cell
		c.free(cell)
		if err != nil {
			return m, v.blame("decode", err)
		}
		return made, nil
	}
	// What a conversion of the struct to M does, but without a copy of it.
	at := s.take(v)
	if err := v.decode(at, in); err != nil {
		return m, v.blame("decode", err)
	}
	if v.inWord {
		at = *(*unsafe.Pointer)(at)
	}
	m = c.empty[v.nth]
	if v.typ == c.Message() {
		*(*unsafe.Pointer)(unsafe.Pointer(&m)) = at // M is a pointer
	} else {
		(*[2]unsafe.Pointer)(unsafe.Pointer(&m))[1] = at
	}
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

// blame completes an error of v, nil if that is nil.
func (v *variant) blame(doing string, err *CodecError) error {
	if err == nil {
		return nil
	}
	err.Doing, err.Message, err.Variant = doing, v.about.Message, v.about.Variant
	return err
}

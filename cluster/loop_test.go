package cluster

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

// patience is how long a test waits for what must come.
const patience = 60 * time.Second

// loop is a session without a wire: what goes to its shim comes to an actor of the
// same System, through the Codec, and so does the answer.
type loop struct {
	sys   *actor.System
	codec Codec
	to    actor.AnyRef
	rust  bool

	sync.Mutex
	out    outgoing
	frames []frame // what was sent
	lost   []error // what decode has said
	answer func(p *pending, what []byte, err error)
}

// answered is an inquirer.
type answered func(what []byte, err error)

func (a answered) answer(what []byte, err error) { a(what, err) }

// nobodyWaits is for calls whose answers do not matter.
func nobodyWaits() *owing { return &owing{peer: &loop{}, to: answered(func([]byte, error) {})} }

type frame struct {
	variant string
	args    []byte
	call    bool
	waits   bool
}

func newSystem(t testing.TB) (context.Context, *actor.System) {
	t.Helper()
	sys, err := actor.NewSystem(actor.Config{})
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		require.NoError(t, sys.Shutdown(ctx))
	})
	return actor.WithSystem(context.Background(), sys), sys
}

// remote returns a Ref that leads to r by way of the codec.
func remote[M any](t testing.TB, r actor.Ref[M], codec Codec) (actor.Ref[M], *loop) {
	t.Helper()
	require.NoError(t, codec.Err())
	l := &loop{sys: r.System(), codec: codec, to: r.Any()}
	l.answer = func(p *pending, what []byte, err error) {
		if err != nil {
			p.fail(err)
		} else {
			p.answer(what)
		}
	}
	shim := actor.NewShim(l.sys, l)
	t.Cleanup(func() { shim.End(nil) })
	ref, ok := actor.As[M](shim.Ref())
	require.True(t, ok)
	return ref, l
}

func (l *loop) String() string { return "loop" }
func (l *loop) Stop(error)     {}
func (l *loop) Kill()          {}
func (l *loop) Drain()         {}

func (l *loop) End(context.Context, actor.EndOp, error) error { return actor.ErrNotSupported }

func (l *loop) Sender(message reflect.Type) (any, error) {
	if message != l.codec.Message() {
		return nil, actor.ErrWrongType
	}
	return l.codec, nil
}

func (l *loop) begin(context.Context) (*outgoing, error) {
	l.Lock()
	l.out.peer, l.out.args = l, l.out.args[:0]
	return &l.out, nil
}

func (l *loop) end(ctx context.Context, out *outgoing, err error) error {
	if err != nil {
		l.Unlock()
		return err
	}
	f := frame{out.variant, append([]byte(nil), out.args...), out.call, out.pending != nil}
	p := out.pending
	if p != nil {
		kept := *p
		p = &kept
	}
	l.frames = append(l.frames, f)
	l.Unlock()
	in := &incoming{
		peer: l, ctx: ctx, to: l.to, variant: []byte(f.variant), what: append([]byte(nil), f.args...), call: f.call,
		owing: &owing{peer: l, to: answered(func(what []byte, err error) {
			if p != nil {
				l.answer(p, what, err)
			}
		})},
	}
	err = l.codec.decode(in)
	clear(in.what) // it belongs to the reader
	clear(in.variant)
	if err != nil {
		l.Lock()
		l.lost = append(l.lost, err)
		l.Unlock()
		if p != nil {
			p.fail(err)
		}
	}
	return nil
}

func (l *loop) foreign() bool { return l.rust }

func (l *loop) export(r actor.AnyRef) (string, uint64, uint64, error) {
	if r == l.to {
		return "", 0, 0, errors.New("not that one")
	}
	return "here", 7, uint64(r.ID()), nil
}

func (l *loop) resolve(node string, incarnation, pid uint64, _ reflect.Type) (actor.AnyRef, error) {
	if node != "here" || incarnation != 7 {
		return actor.AnyRef{}, errors.New("no such node")
	}
	return l.sys.Lookup(actor.ID(pid)), nil
}

// sink is an actor that hands its messages to a function.
type sink[M any] func(M) error

func (s sink[M]) Handle(_ *actor.Context[M], m M) error { return s(m) }

func spawn[M any](t testing.TB, ctx context.Context, handle func(M) error) actor.Ref[M] {
	t.Helper()
	r, err := actor.Spawn(ctx, sink[M](handle))
	require.NoError(t, err)
	return r
}

// recv takes from c what must come.
func recv[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

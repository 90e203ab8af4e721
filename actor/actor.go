package actor

// Actor handles one message at a time; an error ends it as Failed. The value
// is the actor's state: after Spawn it belongs to the actor, and only its
// callbacks may touch it. The other interfaces of this file are hooks that it
// may implement too.
type Actor[M any] interface {
	Handle(ctx *Context[M], m M) error
}

// PreStarter builds what must be fresh. It runs inside Spawn, on the caller's
// goroutine, bounded by Spawn's ctx; its error is Spawn's (row L1).
type PreStarter[M any] interface {
	PreStart(ctx *Context[M]) error
}

// PostStarter runs as the first turn, on a worker, before any message; an
// error ends the actor as Failed (row L2).
type PostStarter[M any] interface {
	PostStart(ctx *Context[M]) error
}

// PostStopper runs after Stop or Drain, never after Kill or a failure; an
// error makes the exit a failure (row L5).
type PostStopper[M any] interface {
	PostStop(ctx *Context[M]) error
}

// Supervisor is told of linked children and of actors that it monitors; an
// error ends it as Failed. Without this hook a linked child's exit stops the
// parent, and nothing else does (rows L4, M6).
type Supervisor[M any] interface {
	HandleSupervision(ctx *Context[M], ev Event) error
}

// Func makes an Actor of a function.
func Func[M any](f func(ctx *Context[M], m M) error) Actor[M] {
	if f == nil {
		return (*function[M])(nil) // Spawn will say ErrNilActor
	}
	return &function[M]{f}
}

type function[M any] struct {
	f func(ctx *Context[M], m M) error
}

func (f *function[M]) Handle(ctx *Context[M], m M) error { return f.f(ctx, m) }

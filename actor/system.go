package actor

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/puzpuzpuz/xsync/v3"

	"github.com/ractor-go/ractor/registry"
	"github.com/ractor-go/ractor/sched"
)

// Config configures a System; the zero value is good.
type Config struct {
	// Sched tunes the scheduler.
	// Defaults to sched.Config's own defaults.
	Sched sched.Config

	// Logger is told of failures that no one else may see (one crash report
	// each), of abandoned actors and of stuck workers.
	// Defaults to silence.
	Logger *slog.Logger

	// KillGrace is how long a killed actor may stay in its callback before
	// it is abandoned. Longer forgives slow callbacks, shorter frees those
	// who wait for the end.
	// Defaults to 5s.
	KillGrace time.Duration
}

// System is a scheduler with its actors, names and ids. Systems share nothing.
// The default one needs no call: it starts with its first Spawn and ends with
// its last actor.
type System struct {
	cfg   Config
	log   *slog.Logger
	sched *sched.Scheduler
	turn  struct{ budget, backlogBudget, backlog int }

	kinds  *xsync.MapOf[kindKey, *kind]
	shared *xsync.MapOf[reflect.Type, any]
	names  registry.Table[*cell]
	ids    registry.Slab[cell]
	links  sync.Mutex // serialises Links
	dead   deadLetters

	remotables remotables

	_         [64]byte
	spawned   atomic.Uint64
	live      atomic.Int64 // actors that have not ended, and one for the System itself if it is not the default one
	_         [48]byte
	abandoned atomic.Uint64
	shims     atomic.Int64
	closing   atomic.Bool
	standard  bool          // the default System: ends with its last actor
	ending    chan struct{} // one slot: one Shutdown at a time
	empty     chan struct{} // one slot: live has become low
}

// NewSystem starts a System. The error names the field of cfg that is of no
// use.
func NewSystem(cfg Config) (*System, error) { return newSystem(cfg, false) }

func newSystem(cfg Config, standard bool) (*System, error) {
	if cfg.KillGrace < 0 {
		return nil, fmt.Errorf("actor: Config.KillGrace is %v: want a positive duration, or 0 for the default %v", cfg.KillGrace, defaultKillGrace)
	}
	if cfg.KillGrace == 0 {
		cfg.KillGrace = defaultKillGrace
	}
	sys := &System{
		cfg:      cfg,
		log:      cfg.Logger,
		kinds:    xsync.NewMapOf[kindKey, *kind](),
		shared:   xsync.NewMapOf[reflect.Type, any](),
		standard: standard,
		empty:    make(chan struct{}, 1),
		ending:   make(chan struct{}, 1),
	}
	if sys.log == nil {
		sys.log = slog.New(slog.DiscardHandler)
	}
	schedule := cfg.Sched
	schedule.PerCarrier = func() any { return new(desk) }
	schedule.OnEvent = func(e sched.Event) {
		sys.onEvent(e)
		if cfg.Sched.OnEvent != nil {
			cfg.Sched.OnEvent(e)
		}
	}
	s, err := sched.New(schedule)
	if err != nil {
		return nil, err
	}
	sys.sched = s
	sys.turn.budget = s.Config().Budget
	sys.turn.backlog = s.Config().Backlog
	sys.turn.backlogBudget = max(s.Config().BacklogBudget, s.Config().Budget)
	sys.live.Store(1) // the System itself, or the caller's first actor
	return sys, nil
}

// onEvent writes what an operator should know to the log.
func (sys *System) onEvent(e sched.Event) {
	var stuck []string
	for _, t := range e.Stuck {
		if c, ok := t.Runner.(interface{ cellOf() *cell }); ok {
			stuck = append(stuck, ref{c.cellOf()}.String())
		}
	}
	sys.log.Warn("scheduler: "+e.Kind.String(), slog.Any("stuck", stuck))
}

// Scheduler returns the System's scheduler, for its counters.
func (sys *System) Scheduler() *sched.Scheduler { return sys.sched }

// systemKey finds the System in a context.
type systemKey struct{}

// WithSystem returns a context that chooses s for Spawn and look-ups outside
// actors. Inside an actor it is always the actor's own.
func WithSystem(ctx context.Context, s *System) context.Context {
	return context.WithValue(ctx, systemKey{}, s)
}

// SystemOf returns the System that ctx leads to: that of the actor that is
// asking, the one of WithSystem, or the default one, nil while that has no
// actor.
func SystemOf(ctx context.Context) *System {
	if sys := chosen(ctx); sys != nil {
		return sys
	}
	return standard.Load()
}

// chosen is SystemOf without the default one.
func chosen(ctx context.Context) *System {
	if in, ok := ctx.(Inside); ok {
		return in.inside().kind.sys
	}
	if c := caller(); c != nil {
		return c.kind.sys
	}
	if ctx == nil {
		return nil
	}
	if c, ok := ctx.Value(cellKey{}).(*cell); ok {
		return c.kind.sys
	}
	sys, _ := ctx.Value(systemKey{}).(*System)
	return sys
}

// standard is the default System, nil while it has no actor.
var (
	standard   atomic.Pointer[System]
	standardMu sync.Mutex // serialises making one
)

// enter returns the System for a Spawn, with a place for one actor taken.
func enter(ctx context.Context) (*System, error) {
	if sys := chosen(ctx); sys != nil {
		if sys.closing.Load() || !sys.join() {
			return nil, ErrSystemShutDown
		}
		return sys, nil
	}
	if sys := standard.Load(); sys != nil && sys.join() {
		return sys, nil
	}
	return firstOfStandard() // or the one that we saw is just ending
}

// join takes a place for one actor; false: the System has ended.
func (sys *System) join() bool {
	if !sys.standard {
		sys.live.Add(1)
		if sys.closing.Load() { // Shutdown counts from here on
			sys.leave()
			return false
		}
		return true
	}
	for {
		n := sys.live.Load()
		if n == 0 {
			return false
		}
		if sys.live.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// firstOfStandard makes the default System, with a place for one actor taken.
func firstOfStandard() (*System, error) {
	standardMu.Lock()
	defer standardMu.Unlock()
	if sys := standard.Load(); sys != nil && sys.join() {
		return sys, nil
	}
	sys, err := newSystem(Config{}, true)
	if err != nil {
		return nil, err
	}
	standard.Store(sys)
	return sys, nil
}

// left takes a dead actor out of the books.
func (sys *System) left(c *cell) {
	sys.ids.Remove(c.id)
	if c.shim() != nil {
		sys.shims.Add(-1)
		return
	}
	sys.leave()
}

// leave gives an actor's place back. The default System ends with its last one:
// nobody can join it any more, for join never leaves 0.
func (sys *System) leave() {
	n := sys.live.Add(-1)
	if n == 0 && sys.standard {
		standard.CompareAndSwap(sys, nil)
		sys.closing.Store(true)
		sys.endShims()
		sys.sched.Close()
	}
	if n <= 1 && sys.closing.Load() {
		sys.nudge()
	}
}

// Shared returns the one T of a System, making it with create when it is first
// asked for: pools and tables that belong to a System and that it need not know.
// create may be called more than once, but only one result is kept. Any
// goroutine may call it; it costs some ten ns.
func Shared[T any](sys *System, create func() *T) *T {
	key := reflect.TypeFor[T]()
	if v, ok := sys.shared.Load(key); ok {
		return v.(*T) //nolint:forcetypeassert // stored so
	}
	v, _ := sys.shared.LoadOrCompute(key, func() any { return create() })
	return v.(*T) //nolint:forcetypeassert // stored so
}

// System returns the System of the actor that r leads to, nil if there is
// none.
func (r ref) System() *System {
	if c := r.actor(); c != nil {
		return c.kind.sys
	}
	return nil
}

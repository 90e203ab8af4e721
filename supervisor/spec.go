package supervisor

import (
	"fmt"
	"math"
	"time"
)

// Spec describes a supervisor; the zero value is one without children:
// OneForOne, at most 1 restart in 5 s, no back-off.
type Spec struct {
	// Strategy says who is restarted when a child dies.
	// Defaults to OneForOne.
	Strategy Strategy

	// Intensity is how many restarts are tolerated.
	// Defaults to 1 in 5s.
	Intensity Intensity

	// Backoff delays restarts.
	// Defaults to no delay.
	Backoff Backoff

	// AutoShutdown stops the supervisor when significant children have ended.
	// Defaults to Never.
	AutoShutdown AutoShutdown

	// OnParentKill says what becomes of the children when the supervisor is
	// killed.
	// Defaults to KillChildren.
	OnParentKill OnParentKill

	// Children are started in this order, and stopped in the reverse one.
	Children []Child
}

// Child describes one child, of any message type.
type Child struct {
	// ID tells the child from its siblings. Required.
	ID string

	// Start starts the child: Of, With, Nested or NestedDynamic make it.
	// Required.
	Start StartFunc

	// Restart says after which ends the child is restarted.
	// Defaults to Permanent.
	Restart Restart

	// Shutdown is how long the child may take to stop before it is killed:
	// a positive duration, BrutalKill or Infinity.
	// Defaults to 5s for an actor, Infinity for a supervisor.
	Shutdown time.Duration

	// Significant: the child's own end counts for AutoShutdown.
	// Defaults to false.
	Significant bool

	// KeepMailbox: when a callback of the child fails it is restarted in
	// place: its Ref stays valid, and the new value handles what is queued,
	// but for the message that failed (actor.KeepMailbox). Any other end is
	// followed by a new actor, as ever. Start must come from Of or With.
	// Defaults to false.
	KeepMailbox bool
}

// Values of Child.Shutdown besides positive durations.
const (
	// BrutalKill kills the child without asking.
	BrutalKill time.Duration = -1
	// Infinity waits as long as it takes. It is right for supervisors, whose
	// own children have deadlines.
	Infinity time.Duration = math.MaxInt64
)

const defaultShutdown = 5 * time.Second

// Strategy says who is restarted when a child dies that is to be restarted.
type Strategy uint8

// The strategies. That of OTP's simple_one_for_one is SpawnDynamic.
const (
	// OneForOne: only that child.
	OneForOne Strategy = iota
	// OneForAll: all children; those that run are stopped first, in reverse
	// order.
	OneForAll
	// RestForOne: that child and those after it; those that run are stopped
	// first, in reverse order.
	RestForOne
)

var strategyNames = [...]string{"OneForOne", "OneForAll", "RestForOne"}

// String returns the strategy's name.
func (s Strategy) String() string { return nameOf(strategyNames[:], "Strategy", uint8(s)) }

// Restart says after which ends a child is restarted. Normal ends are Stop
// without a reason and Drain; all others are abnormal: a failed callback, Kill,
// abandonment, StopWith a reason.
type Restart uint8

// The restart types.
const (
	// Permanent: always.
	Permanent Restart = iota
	// Transient: after abnormal ends.
	Transient
	// Temporary: never; the spec is dropped when the child has ended.
	Temporary
)

var restartNames = [...]string{"Permanent", "Transient", "Temporary"}

// String returns the restart type's name.
func (r Restart) String() string { return nameOf(restartNames[:], "Restart", uint8(r)) }

// wants says whether a child is restarted after an end.
func (r Restart) wants(normal bool) bool { return r == Permanent || r == Transient && !normal }

// AutoShutdown says when the end of significant children stops the supervisor,
// gracefully. Only ends count after which the child is not restarted, and that
// nobody ordered: not TerminateChild, not a sibling's restart.
type AutoShutdown uint8

// The rules of auto-shutdown.
const (
	// Never: it does not. No child may be significant.
	Never AutoShutdown = iota
	// AnySignificant: as soon as one has ended.
	AnySignificant
	// AllSignificant: when one has ended and no other runs.
	AllSignificant
)

var autoNames = [...]string{"Never", "AnySignificant", "AllSignificant"}

// String returns the rule's name.
func (a AutoShutdown) String() string { return nameOf(autoNames[:], "AutoShutdown", uint8(a)) }

// OnParentKill says what becomes of the children when the supervisor is killed:
// by its own parent's death, by its parent when it has not stopped in time, or
// by anybody.
type OnParentKill uint8

// The rules for a killed supervisor's children.
const (
	// KillChildren: they are killed too, at once.
	KillChildren OnParentKill = iota
	// Graceful: an actor that outlives the supervisor stops them as the
	// supervisor would have done, in order, each with its deadline.
	Graceful
)

var killNames = [...]string{"KillChildren", "Graceful"}

// String returns the rule's name.
func (o OnParentKill) String() string { return nameOf(killNames[:], "OnParentKill", uint8(o)) }

func nameOf(names []string, what string, i uint8) string {
	if int(i) < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%s(%d)", what, i)
}

// Intensity is how many restarts a supervisor tolerates: Max in any window of
// length Per, its ends included. One more, and it gives up: it stops its
// children and fails with ErrRestartIntensity.
type Intensity struct {
	// Max: negative tolerates none.
	// Defaults to 1.
	Max int

	// Per is measured on the monotonic clock.
	// Defaults to 5s.
	Per time.Duration
}

// Backoff delays the restarts: the first of a row by Min, each further one by
// twice as much as the one before, up to Max. A row ends when what was restarted
// has lived for Max. The zero Backoff does not delay. In OneForOne and in
// dynamic supervisors each child has a row of its own, elsewhere the group has.
type Backoff struct {
	// Min is the first delay.
	// Defaults to no delay at all.
	Min time.Duration

	// Max is the longest delay.
	// Defaults to 1m, or Min if that is longer.
	Max time.Duration

	// Jitter shortens each delay by a random part of itself, up to this
	// one: 0 is none, 1 is anything down to no delay.
	// Defaults to 0.
	Jitter float64
}

func (i *Intensity) check() error {
	if i.Per < 0 {
		return fmt.Errorf("%w: Intensity.Per is %v: want a positive duration, or 0 for 5s", ErrSpec, i.Per)
	}
	if i.Max == 0 {
		i.Max = 1
	}
	if i.Per == 0 {
		i.Per = 5 * time.Second
	}
	return nil
}

func (b *Backoff) check() error {
	switch {
	case b.Min < 0:
		return fmt.Errorf("%w: Backoff.Min is %v: want a duration that is not negative", ErrSpec, b.Min)
	case b.Max < 0 || b.Max > 0 && b.Max < b.Min:
		return fmt.Errorf("%w: Backoff.Max is %v: want at least Min, which is %v, or 0 for the default", ErrSpec, b.Max, b.Min)
	case !(b.Jitter >= 0 && b.Jitter <= 1): // NaN too
		return fmt.Errorf("%w: Backoff.Jitter is %v: want 0 to 1", ErrSpec, b.Jitter)
	}
	if b.Max == 0 {
		b.Max = max(time.Minute, b.Min)
	}
	return nil
}

func checkShutdown(d time.Duration) error {
	if d < 0 && d != BrutalKill {
		return fmt.Errorf("%w: Shutdown is %v: want a positive duration, BrutalKill, Infinity or 0 for the default", ErrSpec, d)
	}
	return nil
}

// check returns the spec with its defaults, and children of its own.
func (s Spec) check() (Spec, error) {
	switch {
	case int(s.Strategy) >= len(strategyNames):
		return s, fmt.Errorf("%w: %v", ErrSpec, s.Strategy)
	case int(s.AutoShutdown) >= len(autoNames):
		return s, fmt.Errorf("%w: %v", ErrSpec, s.AutoShutdown)
	case int(s.OnParentKill) >= len(killNames):
		return s, fmt.Errorf("%w: %v", ErrSpec, s.OnParentKill)
	}
	if err := s.Intensity.check(); err != nil {
		return s, err
	}
	if err := s.Backoff.check(); err != nil {
		return s, err
	}
	ids := make(map[string]bool, len(s.Children))
	for i, c := range s.Children {
		if c.ID == "" {
			return s, fmt.Errorf("%w: child number %d has no ID", ErrSpec, i)
		}
		if err := c.check(s.AutoShutdown); err != nil {
			return s, err
		}
		if ids[c.ID] {
			return s, fmt.Errorf("%w: two children with ID %q", ErrSpec, c.ID)
		}
		ids[c.ID] = true
	}
	s.Children = append([]Child(nil), s.Children...)
	return s, nil
}

// check says what is wrong with a child of a supervisor with this rule.
func (c Child) check(auto AutoShutdown) error {
	if c.ID == "" {
		return fmt.Errorf("%w: child without ID", ErrSpec)
	}
	var wrong error
	switch {
	case c.Start == nil:
		wrong = fmt.Errorf("%w: no Start", ErrSpec)
	case int(c.Restart) >= len(restartNames):
		wrong = fmt.Errorf("%w: %v", ErrSpec, c.Restart)
	case c.KeepMailbox && c.Restart == Temporary:
		wrong = fmt.Errorf("%w: KeepMailbox and Temporary: it is never restarted", ErrSpec)
	case c.Significant && c.Restart == Permanent:
		wrong = fmt.Errorf("%w: Permanent and Significant: it never ends for good", ErrSpec)
	case c.Significant && auto == Never:
		wrong = fmt.Errorf("%w: Significant, but AutoShutdown is Never", ErrSpec)
	default:
		wrong = checkShutdown(c.Shutdown)
	}
	if wrong != nil {
		return fmt.Errorf("%w: child %q", wrong, c.ID)
	}
	return nil
}

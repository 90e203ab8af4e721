package supervisor

import (
	"time"

	"github.com/ractor-go/ractor/actor"
)

// Machine, and what it deals in, for tests that drive it without actors.
type (
	Machine = machine
	Kid     = kid
	Step    = step
	State   = state
	Verb    = verb
	Window  = window
	Row     = row
)

const (
	Down, Up, Leaving, Waiting                                     = down, up, leaving, waiting
	Idle, Rest, Linger, Stop, Start, Pause, ShutDown, GiveUp       = idle, rest, linger, stop, start, pause, shutDown, giveUp
	NoRound, StoppingRound, PausingRound, StartingRound      phase = none, stopping, pausing, starting
)

// NewMachine checks the spec, and adds and starts its children, who get the
// incarnations 1, 2 and so on.
func NewMachine(s Spec, random func() float64) (*Machine, error) {
	s, err := s.check()
	if err != nil {
		return nil, err
	}
	m := newMachine(s, random)
	for i, c := range s.Children {
		m.started(0, m.add(c), actor.ID(i+1))
	}
	return m, nil
}

func (m *Machine) Next(now time.Duration) Step                       { return m.next(now) }
func (m *Machine) Add(c Child) *Kid                                  { return m.add(c) }
func (m *Machine) Remove(k *Kid)                                     { m.remove(k) }
func (m *Machine) Started(now time.Duration, k *Kid, who actor.ID)   { m.started(now, k, who) }
func (m *Machine) Ignored(k *Kid)                                    { m.ignored(k) }
func (m *Machine) Failed(now time.Duration, k *Kid)                  { m.failed(now, k) }
func (m *Machine) Exited(now time.Duration, who actor.ID, norm bool) { m.exited(now, who, norm) }
func (m *Machine) Kept(now time.Duration, who actor.ID)              { m.kept(now, who) }
func (m *Machine) Lost(who actor.ID)                                 { m.lost(who) }
func (m *Machine) Due(k *Kid, number uint64)                         { m.due(k, number) }
func (m *Machine) Terminate(k *Kid)                                  { m.terminate(k) }
func (m *Machine) Kids() []*Kid                                      { return m.kids }
func (m *Machine) Kid(id string) *Kid                                { return m.ids[id] }
func (m *Machine) InRound() bool                                     { return m.phase != none }
func (m *Machine) From() int                                         { return m.from }
func (m *Machine) Restarts() []time.Duration                         { return m.past.times }

func (k *Kid) Is() State           { return k.state }
func (k *Kid) Who() actor.ID       { return k.who }
func (k *Kid) Held() actor.ID      { return k.held }
func (s Step) Do() Verb            { return s.do }
func (s Step) Kid() *Kid           { return s.kid }
func (s Step) Wait() time.Duration { return s.wait }
func (s Step) Number() uint64      { return s.number }

func (w *Window) Add(now time.Duration, i Intensity) bool { return w.add(now, i) }

// Delay is the n-th delay of a row.
func (b Backoff) Delay(n int, random func() float64) time.Duration { return b.delay(n, random) }

// Check is a spec's check.
func (s Spec) Check() (Spec, error) { return s.check() }

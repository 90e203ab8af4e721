package actortest

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/ractor-go/ractor/actor"
)

// Probe is an actor that records what it is sent, for the test function to look
// at: it stands in for whoever the actors under test talk to. Faults do not hit
// it.
//
// What it has got is taken in order: each message by one of Next, Expect,
// ExpectOrder and ExpectMatch. These wait in the System's time until it comes; if
// it does not, they fail the run, saying what was expected and what has come. They
// are for the test function alone.
type Probe[M any] struct {
	sys   *System
	ref   actor.Ref[M]
	mu    sync.Mutex
	got   []M // guarded by mu
	taken int // the test function's: how many of got
}

// NewProbe spawns a Probe; opts are those of actor.Spawn. If it cannot be spawned
// the run fails.
func NewProbe[M any](sys *System, opts ...actor.Option) *Probe[M] {
	p := &Probe[M]{sys: sys}
	ref, err := actor.Spawn(sys, &probe[M]{p}, opts...)
	if err != nil {
		sys.Fatalf("actortest: NewProbe: %v", err)
	}
	sys.sim.mu.Lock()
	sys.sim.actor(actor.TaskOf(ref.Any())).spared = spared
	sys.sim.mu.Unlock()
	p.ref = ref
	return p
}

// probe is a Probe as an actor.
type probe[M any] struct{ *Probe[M] }

// Handle records m.
func (p *probe[M]) Handle(_ *actor.Context[M], m M) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got = append(p.got, m)
	return nil
}

// Ref is what to send to. Any goroutine may ask.
func (p *Probe[M]) Ref() actor.Ref[M] { return p.ref }

// Received returns a copy of all that has come so far, taken or not. Any goroutine
// may ask; to have all that is under way in it, System.Settle comes first.
func (p *Probe[M]) Received() []M {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]M(nil), p.got...)
}

// left is what has not been taken.
func (p *Probe[M]) left() []M { return p.Received()[p.taken:] }

// Next takes the next message, for which it waits up to d.
func (p *Probe[M]) Next(d time.Duration) M {
	if p.come(d, 1) {
		p.taken++
		return p.Received()[p.taken-1]
	}
	p.fail(d, "a message", 0)
	panic("unreachable") // fail ends the goroutine
}

// Expect takes as many messages as it is given, for which it waits up to d
// altogether, and fails the run unless they are these, in any order.
func (p *Probe[M]) Expect(d time.Duration, want ...M) {
	p.expect(d, "in any order", want, func(got []M) bool {
		left := append([]M(nil), got...)
		for _, w := range want {
			i := indexOf(left, w)
			if i < 0 {
				return false
			}
			left = append(left[:i], left[i+1:]...)
		}
		return true
	})
}

// ExpectOrder is Expect in this order.
func (p *Probe[M]) ExpectOrder(d time.Duration, want ...M) {
	p.expect(d, "in this order", want, func(got []M) bool {
		for i, w := range want {
			if !reflect.DeepEqual(got[i], w) {
				return false
			}
		}
		return true
	})
}

func (p *Probe[M]) expect(d time.Duration, how string, want []M, are func(got []M) bool) {
	what := list(want)
	if len(want) > 1 {
		what += " " + how
	}
	if !p.come(d, len(want)) {
		p.fail(d, what, 0)
	}
	if !are(p.left()[:len(want)]) {
		p.fail(0, what, len(want))
	}
	p.taken += len(want)
}

// ExpectMatch takes messages until one is as ok wants it, for which it waits up to
// d, and returns that one. what says what is expected, for people.
func (p *Probe[M]) ExpectMatch(d time.Duration, what string, ok func(M) bool) M {
	var found M
	from := p.taken
	hit := p.sys.until(d, func() bool {
		for _, m := range p.left() {
			p.taken++
			if ok(m) {
				found = m
				return true
			}
		}
		return false
	})
	if !hit {
		p.taken = from
		p.fail(d, what, 0)
	}
	return found
}

// ExpectNothing fails the run if a message is there that was not taken, or comes
// in the next d. With a d of 0 it waits only until everything has settled.
func (p *Probe[M]) ExpectNothing(d time.Duration) {
	if p.come(d, 1) {
		p.fail(d, "nothing", 0)
	}
}

// come waits until n messages are there that were not taken.
func (p *Probe[M]) come(d time.Duration, n int) bool {
	return n == 0 || p.sys.until(d, func() bool { return len(p.left()) >= n })
}

// fail ends the run. The first few of what is left are what was looked at; 0: all.
func (p *Probe[M]) fail(within time.Duration, want string, few int) {
	got := p.left()
	if few > 0 {
		got = got[:few]
	}
	came := list(got)
	if p.taken > 0 {
		came += fmt.Sprintf(" (after the %d that were taken before)", p.taken)
	}
	limit := ""
	if within > 0 {
		limit = fmt.Sprintf(" within %v", within)
	}
	p.sys.Fatalf("%s at %v: what it got is not what was expected\n  expected: %s%s\n  came:     %s",
		p.label(), p.sys.Now(), want, limit, came)
}

// label is what the trace calls it.
func (p *Probe[M]) label() string {
	p.sys.sim.mu.Lock()
	defer p.sys.sim.mu.Unlock()
	return p.sys.sim.actor(actor.TaskOf(p.ref.Any())).String()
}

func indexOf[M any](in []M, want M) int {
	for i, m := range in {
		if reflect.DeepEqual(m, want) {
			return i
		}
	}
	return -1
}

// list is ms for people.
func list[M any](ms []M) string {
	if len(ms) == 0 {
		return "nothing"
	}
	texts := make([]string, 0, maxListed+1)
	for i, m := range ms {
		if i == maxListed {
			texts = append(texts, fmt.Sprintf("… %d more", len(ms)-i))
			break
		}
		texts = append(texts, note(m))
	}
	return strings.Join(texts, ", ")
}

const maxListed = 20

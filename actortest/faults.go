package actortest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/sched"
)

// Faults is what is to go wrong on purpose; see Inject. The rates are chances from
// 0 to 1, asked at each place where such a fault can happen, and drawn from the
// run's seed: the same seed has the same faults. Swarm draws rates of its own for
// each run, between 0 and these. While the System is shut down, after the run,
// nothing goes wrong any more.
//
// Each fault stands in the trace, as a deed of "fault".
type Faults struct {
	// Panic is the chance that a callback panics instead of beginning, with a
	// value of type Injected: Handle and the hooks, PreStart too.
	Panic float64

	// Kill is the chance, at each step, that an actor is killed.
	Kill float64

	// Full is the chance that a send to a bounded mailbox finds it full, room or
	// not. What follows is what the mailbox's rule says.
	Full float64

	// NoSpare is the chance that a wait inside a handler (a Call, Blocking) is
	// refused with sched.ErrTooManyWaiters.
	NoSpare float64

	// Late is the chance that a timer is late when it becomes due, and with it all
	// timers that become due meanwhile.
	Late float64

	// Jump is the chance, at each step, that time passes although there is
	// something to do.
	Jump float64

	// Longest bounds how late a timer is, and how far time jumps.
	// Defaults to 100ms.
	Longest time.Duration

	// At are faults at fixed places, in each run.
	At []Fault

	// Only says which actors Panic, Kill, Full and NoSpare may hit; it is asked
	// once for each actor, and must always answer the same. Probes are never hit.
	// Defaults to all.
	Only func(actor.AnyRef) bool
}

// Fault is one fault at a fixed place.
type Fault struct {
	Kind FaultKind

	// Nth says at which of the places where it can happen it does, from 1; the
	// kinds say what they count.
	Nth int

	// Of says whose places count: an actor's name, the name of its type without
	// package and parameters, or what the trace calls it, as in "counter#2".
	// Late and Jump are nobody's.
	// Defaults to those of all actors that Faults.Only lets be hit.
	Of string

	// For is how late the timer is, or how far time jumps.
	// Defaults to Faults.Longest.
	For time.Duration
}

// FaultKind is what goes wrong.
type FaultKind uint8

// What can go wrong, and what Fault.Nth counts of it.
const (
	Panic   FaultKind = iota // the callbacks of Fault.Of
	Kill                     // the steps of the run; Fault.Of is killed, or one that is drawn
	Full                     // the sends to the bounded mailbox of Fault.Of
	NoSpare                  // the waits in handlers of Fault.Of
	Late                     // the times at which a timer becomes due
	Jump                     // the steps of the run
	faultKinds
)

var faultNames = [faultKinds]string{"a panic", "a kill", "a full mailbox", "no spare", "a late timer", "a jump of time"}

// String says what goes wrong.
func (k FaultKind) String() string {
	if k < faultKinds {
		return faultNames[k]
	}
	return fmt.Sprintf("FaultKind(%d)", uint8(k))
}

// Injected is the value of a panic that Faults has made. A *actor.PanicError
// unwraps to it, so that errors.As tells it from a panic of the program's own.
type Injected struct { //nolint:errname // it is the value of a panic in the first place
	Actor    string // as the trace calls it
	Callback int    // which of the run's callbacks it was, from 1
}

// Error says that it is meant.
func (i Injected) Error() string {
	return fmt.Sprintf("injected by actortest into %s, callback %d of the run", i.Actor, i.Callback)
}

// Inject has the simulation make these faults. It panics if one makes no sense.
// Exhaustive takes no rates, and of the fixed faults Panic, Full and NoSpare only:
// the others would be choices of their own.
// Defaults to none.
func Inject(f Faults) Option {
	for k, rate := range f.rates() {
		if !(rate >= 0 && rate <= 1) { // so that not-a-number fails too
			panic(fmt.Sprintf("actortest: Inject: the rate of %v is %v: want a chance from 0 to 1", FaultKind(k), rate))
		}
	}
	switch {
	case f.Longest < 0:
		panic(fmt.Sprintf("actortest: Inject: Longest is %v: want a positive duration, or 0 for the default %v", f.Longest, defaultLongest))
	case f.Longest == 0:
		f.Longest = defaultLongest
	}
	f.At = append([]Fault(nil), f.At...)
	for i := range f.At {
		x := &f.At[i]
		switch {
		case x.Kind >= faultKinds:
			panic(fmt.Sprintf("actortest: Inject: At[%d].Kind is %v: there is no such kind", i, x.Kind))
		case x.Nth < 1:
			panic(fmt.Sprintf("actortest: Inject: At[%d], %v, has Nth %d: want 1 or more", i, x.Kind, x.Nth))
		case x.Of != "" && (x.Kind == Late || x.Kind == Jump):
			panic(fmt.Sprintf("actortest: Inject: At[%d], %v, is for %q: it is nobody's own", i, x.Kind, x.Of))
		case x.For < 0:
			panic(fmt.Sprintf("actortest: Inject: At[%d], %v, has For %v: want a positive duration, or 0 for Longest", i, x.Kind, x.For))
		case x.For == 0:
			x.For = f.Longest
		}
	}
	return func(s *settings) { s.faults = &f }
}

const defaultLongest = 100 * time.Millisecond

func (f *Faults) rates() [faultKinds]float64 {
	return [faultKinds]float64{Panic: f.Panic, Kill: f.Kill, Full: f.Full, NoSpare: f.NoSpare, Late: f.Late, Jump: f.Jump}
}

// byChance says that not all faults are at fixed places.
func (f *Faults) byChance() bool { return f != nil && f.rates() != [faultKinds]float64{} }

// enumerable says why Exhaustive cannot make these faults; nil: it can.
func (f *Faults) enumerable() error {
	if f == nil {
		return nil
	}
	for k, rate := range f.rates() {
		if rate > 0 {
			return fmt.Errorf("actortest: Exhaustive makes no faults by chance: the rate of %v is %v", FaultKind(k), rate)
		}
	}
	for _, x := range f.At {
		if k := x.Kind; k == Kill || k == Late || k == Jump {
			return fmt.Errorf("actortest: Exhaustive cannot make %v: want one of %v, %v, %v", k, Panic, Full, NoSpare)
		}
	}
	return nil
}

// faults makes the faults of one run. A nil *faults makes none. What it draws is
// drawn from a source of its own, at places that come in an order that the
// strategy decides: in the loop between two steps, and by the one strand that
// runs. sim.mu guards it.
type faults struct {
	set       *Faults
	random    *rand.Rand
	rates     [faultKinds]float64
	seen      []int         // of each of set.At: how many places have come
	callbacks int           // in the run
	asked     time.Duration // the tick of the timers that were last asked about
	until     time.Duration // the timers are late until then
	strand    *strand       // who does it, in the trace
	struck    bool          // the last step was one of strike's; the loop's own
}

// faultSeed tells this source of numbers from the others of a run.
const faultSeed = 0xfa017

func newFaults(set *Faults, by strategy, seed uint64) *faults {
	if set == nil {
		return nil
	}
	f := &faults{
		set:    set,
		random: rand.New(rand.NewPCG(seed, faultSeed)),
		rates:  set.rates(),
		seen:   make([]int, len(set.At)),
		asked:  -1,
	}
	if _, ok := by.(*swarm); ok {
		// From another source, so that a run with these rates given draws the
		// same faults (see withFaults). Half of the kinds do not happen: who
		// dies of one never gets to where another strikes.
		own := rand.New(rand.NewPCG(seed, faultSeed+1))
		for k := range f.rates {
			if f.rates[k] *= own.Float64(); own.IntN(2) == 0 {
				f.rates[k] = 0
			}
		}
	}
	return f
}

// hits says whether the fault happens at this place, which concerns s, or nobody
// (nil), and for how long. mu is held; spares was asked before.
func (f *faults) hits(k FaultKind, s *strand) (span time.Duration, hit bool) {
	for i, x := range f.set.At {
		if x.Kind != k || x.Of != "" && k != Kill && (s == nil || !s.is(x.Of)) {
			continue
		}
		if f.seen[i]++; f.seen[i] == x.Nth {
			span, hit = x.For, true
		}
	}
	if rate := f.rates[k]; !hit && rate > 0 && f.random.Float64() < rate {
		return f.span(), true
	}
	return span, hit
}

func (f *faults) span() time.Duration {
	return 1 + time.Duration(f.random.Int64N(int64(f.set.Longest)))
}

// is says whether s is meant by a name.
func (s *strand) is(name string) bool {
	if s.kind != anActor {
		return false
	}
	r := actor.OfTask(s.task)
	return name == r.Name() || name == typeOf(r) || name == s.String()
}

// spares says that s must not be hit. mu is not held, for Only may ask the actor.
func (f *faults) spares(s *strand) bool {
	if s.spared == unasked {
		s.spared = hittable
		if f.set.Only != nil && !f.set.Only(actor.OfTask(s.task)) {
			s.spared = spared
		}
	}
	return s.spared == spared
}

// sparing is whether faults may hit an actor.
type sparing uint8

const (
	unasked sparing = iota
	hittable
	spared
)

// made takes down that a fault happens in the present step; mu is held.
func (f *faults) made(d *sim, k FaultKind, to *strand, span time.Duration) {
	d.foot.hash = mix(d.foot.hash, uint64(k)+1)
	d.trace.hash = mix(d.trace.hash, uint64(k)+1)
	if !d.trace.keep {
		return
	}
	l := line{at: d.Now(), strand: f.strand.number, what: "injects", target: -1, note: k.String()}
	if to != nil {
		l.target = to.number
	}
	if k == Late || k == Jump {
		l.note = fmt.Sprintf("%v, of %v", k, span)
	}
	d.trace.lines = append(d.trace.lines, l)
}

// handling is told that s, or the one whose PreStart runs on it, begins a
// callback; it returns what it panics with, or nil. mu is held.
func (f *faults) handling(d *sim, s *strand) (panics any) {
	if f == nil {
		return nil
	}
	f.callbacks++
	if d.closing || s.spared == spared {
		return nil
	}
	if _, hit := f.hits(Panic, s); !hit {
		return nil
	}
	f.made(d, Panic, s, 0)
	return Injected{Actor: s.String(), Callback: f.callbacks}
}

// refuse says whether what s stands in front of, and goes on to now, is taken as
// exhausted, and who suffers from it.
func (f *faults) refuse(d *sim, s *strand) (k FaultKind, whom *strand, hit bool) {
	if f == nil || d.closing || s.state != standing {
		return 0, nil, false
	}
	switch {
	case s.op.Kind == sched.OpSend && s.op.Bound:
		d.mu.Lock()
		k, whom = Full, d.actor(s.op.Task)
		d.mu.Unlock()
	case s.op.Kind == sched.OpBlock:
		k, whom = NoSpare, s
	default:
		return 0, nil, false
	}
	if f.spares(whom) {
		return 0, nil, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	_, hit = f.hits(k, whom)
	return k, whom, hit
}

// strike does before the next step what has no strand of its own: it is a step,
// too. True: it was made.
func (f *faults) strike(d *sim) bool {
	if f == nil || d.closing || d.all != nil {
		return false
	}
	if f.struck { // or a rate of 1 would let nobody else go on
		f.struck = false
		return false
	}
	d.mu.Lock()
	span, jump := f.hits(Jump, nil)
	_, kill := f.hits(Kill, nil)
	d.mu.Unlock()
	switch {
	case jump:
		f.step(d, Jump, sched.Op{Kind: sched.OpLook}, nil, span)
		time.Sleep(span)
	case kill:
		s := f.victim(d)
		if s == nil {
			return false
		}
		f.step(d, Kill, sched.Op{Kind: sched.OpEnd, Task: s.task}, s, 0)
		actor.OfTask(s.task).Kill()
	default:
		return false
	}
	f.struck = true
	return true
}

// step opens a step.
func (f *faults) step(d *sim, k FaultKind, op sched.Op, to *strand, span time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f.strand.state, f.strand.op = standing, op
	d.open(f.strand)
	f.strand.state = asleep
	if lines := d.trace.lines; d.trace.keep {
		d.trace.lines = lines[:len(lines)-1] // made says it better
	}
	f.made(d, k, to, span)
	if lines := d.trace.lines; d.trace.keep {
		lines[len(lines)-1].step = d.trace.steps
	}
}

// victim draws who is killed, nil if there is nobody.
func (f *faults) victim(d *sim) *strand {
	of := ""
	for i, x := range f.set.At {
		if x.Kind == Kill && f.seen[i] == x.Nth {
			of = x.Of
		}
	}
	d.mu.Lock()
	all := append([]*strand(nil), d.strands...)
	d.mu.Unlock()
	alive := all[:0]
	for _, s := range all {
		if s.kind == anActor && !f.spares(s) && (of == "" || s.is(of)) && actor.OfTask(s.task).Status() < actor.Stopping {
			alive = append(alive, s)
		}
	}
	if len(alive) == 0 {
		return nil
	}
	return alive[f.random.IntN(len(alive))]
}

// late says that the timers that are due since at are not fired yet; mu is held.
func (f *faults) late(d *sim, at time.Duration) bool {
	if f == nil || d.closing {
		return false
	}
	if now := d.Now(); now >= f.until && f.asked != at {
		f.asked = at
		if span, hit := f.hits(Late, nil); hit {
			f.until = now + span
			f.made(d, Late, nil, span)
		}
	}
	return f.delays(d)
}

// delays says that timers are late now.
func (f *faults) delays(d *sim) bool { return f != nil && !d.closing && d.Now() < f.until }

// nextTimer is when the next timer fires: when it is due, or later.
func (d *sim) nextTimer() (at time.Duration, armed bool) {
	at, armed = d.sched.NextTimer()
	if d.faults.delays(d) {
		at = max(at, d.faults.until)
	}
	return at, armed
}

package actortest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing/synctest"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/sched"
)

// sim runs one System once, in a testing/synctest bubble. It is the scheduler's
// Driver. Its loop is the bubble's first goroutine:
//
//  1. Wait until every other goroutine of the bubble is blocked (synctest.Wait).
//     Each strand now stands at a choice point, sleeps, is away in a wait, or is
//     over.
//  2. Of those that can go on, the strategy chooses one.
//  3. It goes on, by a token on its hand's channel; back to 1.
//
// If none can go on, time does: to the next timer, be it one of the System's or
// one of the bubble's (a context's deadline, a time.Sleep). If there is none of
// these either, whoever waits will wait for ever.
//
// What is outside its reach runs as it likes between two steps: a goroutine that
// was started with go, and a strand that comes back from a wait that is not the
// library's until it reaches something. Step 1 waits for those too, so they are
// not seen to be halfway, but their order among themselves is not chosen.
type sim struct {
	settings *settings
	strategy strategy
	all      *depthFirst // the strategy, if it is that of Exhaustive
	random   *rand.Rand  // for the System's own chance
	origin   time.Time
	sys      *actor.System
	sched    *sched.Scheduler

	mu      sync.Mutex
	strands []*strand               // all that are not over, in the order of appearance
	of      map[*sched.Task]*strand // actors
	numbers int                     // strands that have appeared
	known   []*strand               // all of these, in a run that is kept
	idle    []*hand                 // hands that run actors and are free
	clock   *strand
	test    *strand
	last    *strand // the strand that ends the System
	now     *strand // whose step it is
	failure *Failure
	closing bool // the test function has ended, or something has failed
	cutting bool // something has failed: who stands is ended

	trace   trace
	foot    footprint
	things  map[any]*thing // but for actors
	faults  *faults
	round   round
	effects uint64        // steps that have changed something
	horizon time.Duration // no timer was armed for later

	record *recording    // nil: none
	beats  atomic.Int64  // steps, for who watches
	kick   chan struct{} // one slot: a strand can go on
	able   []*strand     // for the loop alone
}

// Failure is what is wrong with a run.
type Failure struct {
	Message string // what was seen
	Step    int    // at which step
	Seed    string // of the run, as the flag -actortest.seed takes it; not of Exhaustive
	Run     int    // Explore, Search: which run it was, from 1
}

func newSim(set *settings, strategy strategy, seed uint64) *sim {
	return &sim{
		settings: set,
		strategy: strategy,
		random:   rand.New(rand.NewPCG(seed, 0x5eed)),
		of:       map[*sched.Task]*strand{},
		things:   map[any]*thing{},
		faults:   newFaults(set.faults, strategy, seed),
	}
}

// play runs f on a new System and ends both. It is called in a bubble.
func (d *sim) play(f func(*System)) {
	d.origin = time.Now()
	d.kick = make(chan struct{}, 1) // here, because it belongs to the bubble
	d.clock = d.appear(&strand{kind: theClock})
	if d.faults != nil {
		d.faults.strand = d.appear(&strand{kind: theFault})
	}
	watch := d.newHand()
	watch.strand = d.clock
	leave := sched.Adopt(watch)
	defer leave()
	cfg := d.settings.config
	cfg.Sched.Driver = d
	cfg.Sched.TimerTick = 1
	sys, err := actor.NewSystem(cfg)
	if err != nil {
		d.failf("actortest: %v", err)
		return
	}
	d.sys, d.sched = sys, sys.Scheduler()
	ctx, cancel := context.WithCancel(actor.WithSystem(context.Background(), sys))
	defer cancel()
	face := &System{Context: ctx, sim: d}
	d.test = d.appear(&strand{kind: theTest, state: ready, run: func() { face.test(f) }})
	d.loop(d.test)
	d.shut()
	cancel()
	d.sweep()
}

// given says that the run was given up: another one was the same.
func (d *sim) given() bool { return d.all != nil && d.all.redundant }

// shut ends the System: gracefully after a test that has succeeded.
func (d *sim) shut() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	d.mu.Lock()
	if d.closing, d.cutting = true, d.failure != nil || d.given(); d.cutting {
		cancel()
	}
	if d.all != nil {
		d.all, d.strategy = nil, oldest{}
	}
	d.last = d.appear(&strand{kind: aFunction, state: ready, label: "shutdown", run: func() {
		if err := d.sys.Shutdown(ctx); err != nil && !d.cutting {
			d.failf("%v", err)
		}
	}})
	d.mu.Unlock()
	d.loop(d.last)
	d.mu.Lock()
	stuck := d.last.state != over // what is wrong has come up only now
	d.cutting = d.cutting || stuck
	d.mu.Unlock()
	if stuck {
		cancel()
		d.loop(d.last)
	}
}

// sweep ends the goroutines that are left: of a run that has failed the test and
// functions may be, and of every run the hands are.
func (d *sim) sweep() {
	d.mu.Lock()
	var left []*strand
	for _, s := range d.strands {
		if s.kind == theTest || s.kind == aFunction {
			left = append(left, s)
		}
	}
	d.mu.Unlock()
	for _, s := range left {
		d.loop(s)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, h := range d.idle {
		close(h.work)
	}
	d.idle = nil
}

// loop steps until the strand is over, or something is wrong.
func (d *sim) loop(until *strand) {
	for limit := d.trace.steps + d.settings.steps; ; {
		synctest.Wait()
		d.mu.Lock()
		d.settle()
		d.wakeClock()
		options := d.options()
		if until.state == over && len(options) == 0 || d.failure != nil && !d.closing {
			d.mu.Unlock()
			return
		}
		d.mu.Unlock()
		switch {
		case len(options) == 0:
			if !d.pass() {
				return
			}
		case d.trace.steps >= limit:
			if d.failure != nil {
				return
			}
			d.failf("no end after %d steps: does something go round for ever? (Steps sets the limit)", limit)
			return
		case d.faults.strike(d):
		default:
			s := d.choose(options)
			if s == nil {
				return
			}
			d.step(s)
		}
	}
}

// settle finds out who is away: everything is blocked, so the strand whose step
// it was is, if it does not stand somewhere. mu is held.
func (d *sim) settle() {
	if s := d.now; s != nil {
		d.close(s)
		if s.state == running {
			s.state = away
		}
	}
	d.now = nil
}

// options are the strands that can go on; mu is held.
func (d *sim) options() []*strand {
	d.able = d.able[:0]
	var patient *strand
	kept := d.strands[:0]
	for _, s := range d.strands {
		if s.state == over {
			continue
		}
		kept = append(kept, s)
		switch {
		case !s.able():
		case s.patient:
			patient = s
		default:
			d.able = append(d.able, s)
		}
	}
	clear(d.strands[len(kept):])
	d.strands = kept
	if len(d.able) == 0 && patient != nil {
		d.able = append(d.able, patient)
	}
	return d.able
}

// choose asks the strategy; nil: the run is given up.
func (d *sim) choose(options []*strand) *strand {
	i := d.strategy.choose(d, options)
	if i < 0 {
		return nil
	}
	return options[i]
}

// step lets s go on.
func (d *sim) step(s *strand) {
	fault, whom, refuse := d.faults.refuse(d, s)
	d.mu.Lock()
	state := s.state
	d.open(s)
	if s.refuse = refuse; refuse {
		d.faults.made(d, fault, whom, 0)
	}
	h := s.hand
	d.mu.Unlock()
	switch {
	case s == d.clock:
		d.expire()
	case state == standing:
		h.baton <- struct{}{}
	case s.kind == anActor:
		d.hire().work <- s
	default:
		go d.newHand().once(s)
	}
}

// open begins s's step; mu is held.
func (d *sim) open(s *strand) {
	d.beats.Add(1)
	d.now = s
	if d.record != nil {
		d.record.begins(d, s)
	}
	d.begin(s)
	d.enter(s)
	if s.state == ready || s.op.Kind == sched.OpWake {
		s.waits = s.waits[:0] // they are over
	}
	s.state, s.patient = running, false
}

// hire returns a hand that is free.
func (d *sim) hire() *hand {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n := len(d.idle); n > 0 {
		h := d.idle[n-1]
		d.idle = d.idle[:n-1]
		return h
	}
	h := d.newHand()
	go h.turns()
	return h
}

// expire fires one timer that is due.
func (d *sim) expire() {
	if e := d.sched.Due(); e != nil {
		e.Expire()
	}
	d.mu.Lock()
	d.clock.state = asleep
	d.mu.Unlock()
}

// wakeClock makes the clock ready if a timer is due; mu is held.
func (d *sim) wakeClock() {
	if at, armed := d.sched.NextTimer(); armed && at <= d.Now() && !d.faults.late(d, at) {
		d.clock.state = ready
	} else {
		d.clock.state = asleep
	}
}

// never is longer than any test.
const never = 50 * 365 * 24 * time.Hour

// pass lets time pass, until somebody can go on; false: nobody will.
func (d *sim) pass() bool {
	wait := never
	next, armed := d.nextTimer()
	if armed {
		if d.stalled() {
			return false
		}
		wait = next - d.Now()
	}
	select {
	case <-d.kick:
		return true
	default:
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-d.kick:
	case <-timer.C:
		if !armed {
			d.deadlock("nothing is left that could happen")
			return false
		}
	}
	return true
}

// The hands tell what they do.

// stand notes that s stands; mu is held.
func (d *sim) stand(h *hand, s *strand) {
	if s.state == away {
		if s.cause = d.foot.hash; d.now == nil {
			s.cause = mix(uint64(d.Now()))
		}
	}
	s.state, s.hand = standing, h
	d.nudge()
}

func (d *sim) nudge() {
	select {
	case d.kick <- struct{}{}:
	default:
	}
}

// turned notes that an actor's turn is over.
func (d *sim) turned(s *strand, again bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s.hand = nil
	if s.state = asleep; again || s.again {
		s.state, s.again = ready, false
	}
	d.nudge()
}

// rest keeps a hand for the next turn.
func (d *sim) rest(h *hand) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.idle = append(d.idle, h)
}

// ended notes that the test or a function has.
func (d *sim) ended(s *strand) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s.state, s.hand = over, nil
	d.nudge()
}

// appear gives a strand its number; mu is held, or nobody else is there yet.
func (d *sim) appear(s *strand) *strand {
	s.number = d.numbers
	d.numbers++
	if by := d.now; by != nil {
		by.children++
		s.id, s.past = mix(by.id, uint64(by.children)), d.foot.hash
		s.by = by
		if by.made == nil {
			by.made = map[string]int{}
		}
		s.what = s.called()
		by.made[s.what]++
		s.which = by.made[s.what]
	} else {
		s.id = mix(uint64(s.number))
		s.what = s.called()
	}
	s.thing.id = s.id
	d.strands = append(d.strands, s)
	if d.trace.keep {
		d.known = append(d.known, s)
	}
	d.strategy.appears(s)
	return s
}

// actor returns the strand of a task; mu is held.
func (d *sim) actor(t *sched.Task) *strand {
	s := d.of[t]
	if s == nil {
		s = d.appear(&strand{kind: anActor, task: t})
		d.of[t] = s
	}
	return s
}

// The scheduler's Driver.

// Now is the bubble's time.
func (d *sim) Now() time.Duration { return time.Since(d.origin) }

// Rand is drawn from the seed.
func (d *sim) Rand() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.now != nil {
		d.touchThing(d.thingOf(chance{}), true)
	}
	return d.random.Uint64()
}

// Submit makes an actor ready.
func (d *sim) Submit(t *sched.Task) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.actor(t)
	if d.now != nil {
		d.touchThing(&s.thing, true)
	}
	if s.state == asleep {
		s.state = ready
		d.nudge()
	} else {
		s.again = true
	}
}

// Start makes a strand of f.
func (d *sim) Start(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.appear(&strand{kind: aFunction, state: ready, run: f})
	d.nudge()
}

// Armed keeps the latest time at which a timer is due.
func (d *sim) Armed(at time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.horizon = max(d.horizon, at)
	d.nudge()
}

// fail notes the first thing that is wrong.
func (d *sim) failf(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failLockedf(format, args...)
}

func (d *sim) failLockedf(format string, args ...any) {
	if d.failure == nil && !d.cutting { // what is cut short fails, which says nothing
		d.failure = &Failure{Message: fmt.Sprintf(format, args...), Step: d.trace.steps}
	}
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/sched"
)

// soakArguments are those of the verb soak.
type soakArguments struct {
	Duration time.Duration `default:"1m" placeholder:"TIME" help:"How long (default: 1m)."`
	Seed     *uint64       `placeholder:"N" help:"Of all choices (default: another each time; it is printed)."`
	Every    time.Duration `placeholder:"TIME" help:"Print a line so often (default: 1m, for short durations a tenth)."`

	Workers *int   `placeholder:"N" help:"Workers of the scheduler (default: GOMAXPROCS)."`
	Config  string `placeholder:"FILE" help:"YAML with fields of sched.Config, as for run."`
	JSON    string `name:"json" placeholder:"FILE" help:"Write the account as JSON; - is standard output, everything else then goes to standard error."`
}

const (
	// soakGrace is the System's KillGrace: short, so that there are abandoned
	// actors; longer than anybody who looks at his ctx has to wait for a
	// processor, unless the machine stands still.
	soakGrace = 250 * time.Millisecond

	// soakLimit is how long a round, a start or a stop may take before it
	// counts as hanging. Rounds last up to a second.
	soakLimit = time.Minute

	// settleLimit is how long spares may take to leave: many times
	// sched.Config.StallMemory. On a busy machine new ones may come meanwhile.
	settleLimit = 2 * time.Second

	// soakRest is how long a part rests after a round, at most: so that the
	// ten of them load two processors well and do not drown them, which would
	// show what happens when nobody gets a processor, and little else.
	soakRest = 40 * time.Millisecond
)

// soakSamples is how many samples a soak takes at most; they are soakLeast apart
// or more.
const (
	soakSamples = 120
	soakLeast   = 250 * time.Millisecond
)

// soakPlan is what is to be done.
type soakPlan struct {
	duration, every, sample time.Duration
	limit                   time.Duration // for a round, a start, a stop
	seed                    uint64
	config                  sched.Config
	parts                   []soakPart
}

// plan checks the arguments.
func (a *soakArguments) plan() (soakPlan, error) {
	shared := runArguments{Duration: &a.Duration, Workers: a.Workers, Config: a.Config} // that mean the same
	p := soakPlan{duration: a.Duration, every: a.Every, limit: soakLimit, seed: rand.Uint64N(1e6), parts: soakParts()}
	if a.Every < 0 {
		return p, badUsage("--every is %v: want a positive duration", a.Every)
	}
	if err := shared.validate(); err != nil {
		return p, err
	}
	cfg, err := shared.schedConfig()
	if err != nil {
		return p, err
	}
	p.config = cfg
	if a.Seed != nil {
		p.seed = *a.Seed
	}
	if p.every == 0 {
		p.every = min(time.Minute, max(p.duration/10, time.Second))
	}
	p.sample = max(p.duration/soakSamples, soakLeast)
	return p, nil
}

// run does what the arguments ask for.
func (a *soakArguments) run(ctx context.Context, out, words io.Writer) (err error) {
	plan, err := a.plan()
	if err != nil {
		return err
	}
	figures, closeFigures, err := (&runArguments{JSON: a.JSON}).openJSON(out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeFigures()) }()
	if a.JSON == "-" {
		out = words
	}
	show := newProgress(words, int(plan.duration/plan.sample))
	show.line(fmt.Sprintf("soak for %v with seed %d, a line every %v", plan.duration, plan.seed, plan.every))
	report := soak(ctx, plan, time.After(plan.duration), show)
	show.end()
	if err = report.write(out); err == nil && figures != nil {
		encoder := json.NewEncoder(figures)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(report)
	}
	if err == nil && len(report.Failures) > 0 {
		err = errFailed
	}
	return err
}

// soaking is a soak under way.
type soaking struct {
	soakPlan

	house *soakHouse
	start time.Time

	// gate: each round holds it for reading, and who holds it for writing has
	// all parts stand still, with nothing under way.
	gate   sync.RWMutex
	halt   chan struct{} // closed: no more rounds
	rounds sync.WaitGroup

	report soakReport
}

// soak does it all: the parts start, do rounds beside one another until it is
// over or something is wrong, and stop; then everything has to be as if
// there had been nothing.
func soak(ctx context.Context, plan soakPlan, over <-chan time.Time, show *progress) soakReport {
	s := &soaking{soakPlan: plan, halt: make(chan struct{})}
	s.report = soakReport{
		Seed: plan.seed, Duration: plan.duration, Config: plan.config,
		GOMAXPROCS: runtime.GOMAXPROCS(0), Parts: []soakAccount{},
	}
	before := memoryNow()
	s.report.GoroutinesBefore = runtime.NumGoroutine()

	sys, err := actor.NewSystem(actor.Config{Sched: plan.config, KillGrace: soakGrace})
	if err != nil {
		s.report.failf("%v", err)
		return s.report
	}
	s.house = &soakHouse{sys: sys, seed: plan.seed}
	s.start = time.Now()
	inside := actor.WithSystem(context.WithoutCancel(ctx), sys)
	if err := s.begin(inside); err != nil {
		s.report.failf("%v", err)
	} else {
		s.watch(ctx, inside, over, show)
		s.end(inside)
	}
	s.report.Took = time.Since(s.start)
	s.down()
	s.house, s.parts = nil, nil
	s.report.close(before)
	return s.report
}

// limited runs what must not take long.
func (s *soaking) limited(ctx context.Context, what string, f func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, s.limit, fmt.Errorf("it hangs, for %v", s.limit))
	defer cancel()
	if err := f(ctx); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// begin starts the parts, and their rounds.
func (s *soaking) begin(ctx context.Context) (err error) {
	if s.house.audit, err = startSoakAudit(ctx, s.house.sys); err != nil {
		return err
	}
	for _, p := range s.parts {
		err := s.limited(ctx, p.name()+", start", func(ctx context.Context) error { return p.start(ctx, s.house) })
		if err != nil {
			return err
		}
	}
	for _, p := range s.parts {
		s.rounds.Go(func() { s.work(ctx, p) })
	}
	return nil
}

// work does the rounds of one part.
func (s *soaking) work(ctx context.Context, p soakPart) {
	rest := s.house.random("rest of " + p.name())
	for n := 1; ; n++ {
		select {
		case <-s.halt:
			return
		case <-time.After(time.Duration(rest.Int64N(int64(soakRest)))):
		}
		s.gate.RLock()
		err := s.limited(ctx, fmt.Sprintf("round %d", n), p.round)
		s.gate.RUnlock()
		if err != nil {
			s.house.wrongf(p.name(), "%v%s", err, s.standing())
			return
		}
	}
}

// standing tells of the actors that are in a callback, for who looks into a
// round that has not ended.
func (s *soaking) standing() string {
	var text strings.Builder
	n := 0
	for i := range s.house.sys.Actors() {
		if i.Doing == actor.Idle && i.Queue == 0 {
			continue
		}
		if n++; n <= 10 {
			fmt.Fprintf(&text, "\n    %v (%s) is %v, %v for %v, with %d queued", i.Actor, i.Behaviour, i.Status, i.Doing, i.Since, i.Queue)
		}
	}
	return text.String()
}

// watch takes samples until it is over, or something is wrong.
func (s *soaking) watch(ctx, inside context.Context, over <-chan time.Time, show *progress) {
	tick := time.NewTicker(s.sample)
	defer tick.Stop()
	due := s.every
	for {
		select {
		case <-ctx.Done():
			s.report.failf("interrupted after %v", time.Since(s.start).Round(time.Second))
			return
		case <-over:
			return
		case <-tick.C:
		}
		now := s.sampleNow(inside)
		show.step(now.short())
		if now.At >= due {
			show.line(now.String())
			due += s.every
		}
		if s.house.wrongs.any() {
			return
		}
	}
}

// sampleNow looks at the system as it runs, has it stand still, measures what
// is live then, and has each part balance its account.
func (s *soaking) sampleNow(ctx context.Context) soakSample {
	now := s.house.look()
	s.gate.Lock()
	defer s.gate.Unlock()
	now.At = time.Since(s.start)
	now.Standing, now.Workers = s.settle(ctx)
	now.Heap = liveHeap()
	now.Goroutines = runtime.NumGoroutine()
	if !s.house.wrongs.any() { // or a round has ended in the middle
		for _, p := range s.parts {
			for _, what := range s.accountOf(p).Failures {
				s.house.wrongf(p.name(), "after %v: %s", now.At.Round(time.Millisecond), what)
			}
		}
	}
	s.report.Samples = append(s.report.Samples, now)
	return now
}

// settle waits until the spares have left that the last stalls have called, and
// returns how many actors and workers there are then. Each worker has free
// lists of its own for each type of message, some hundred kilobytes in all, so
// that the live heap would tell how busy the machine has just been. Spares leave
// when for a while no stall was found, but not while nothing happens at all: so
// the auditor is kept talking. Of those that are stuck in an abandoned handler
// each has its spare, and every fourth a second one.
func (s *soaking) settle(ctx context.Context) (alive int64, workers int) {
	for end := time.Now().Add(settleLimit); ; soakPause(ctx, time.Millisecond) {
		st := s.house.sys.Stats()
		out := s.house.out()
		workers = len(st.Sched.Workers)
		if workers <= s.config.Workers+out+(out+3)/4 || time.Now().After(end) {
			return st.Live, workers
		}
		if err := s.house.audit.flush(ctx); err != nil {
			s.house.wrongf("auditor", "flush: %v", err)
			return st.Live, workers
		}
	}
}

// accountOf closes a part's books; no round runs.
func (s *soaking) accountOf(p soakPart) soakAccount {
	t := newTrial(size{}, s.config, nil)
	t.discarded = s.house.audit.of(p.name())
	p.account(t)
	return soakAccount{Part: p.name(), Figures: t.found.Checks, Failures: t.found.Failures}
}

// end lets the rounds end, stops the parts and closes the books.
func (s *soaking) end(ctx context.Context) {
	close(s.halt)
	s.rounds.Wait()
	clean := !s.house.wrongs.any()
	for _, p := range s.parts {
		if err := s.limited(ctx, p.name()+", stop", p.stop); err != nil {
			s.house.wrongf(p.name(), "%v%s", err, s.standing())
		}
	}
	last := s.house.look()
	if err := s.limited(ctx, "auditor, stop", s.house.audit.stop); err != nil {
		s.house.wrongf("auditor", "%v", err)
	}
	for _, p := range s.parts {
		a := s.accountOf(p)
		if !clean { // a round has broken off: its books do not balance, and no wonder
			a.Failures = nil
		}
		for _, what := range a.Failures {
			s.report.failf("%s: %s", p.name(), what)
		}
		s.report.Parts = append(s.report.Parts, a)
	}
	for _, what := range s.house.wrongs.list() {
		s.report.failf("%s", what)
	}
	s.report.End = last
	s.report.End.At = time.Since(s.start)
	if last.Out > 0 {
		s.report.failf("%d abandoned goroutines have not come back", last.Out)
	}
	if told := s.house.audit.all(); told > last.DeadLetters {
		s.report.failf("the auditor was told of %d dead letters, of which %d were counted", told, last.DeadLetters)
	}
}

// down shuts the System down.
func (s *soaking) down() {
	ctx, cancel := context.WithTimeout(context.Background(), soakLimit)
	defer cancel()
	if err := s.house.sys.Shutdown(ctx); err != nil {
		s.report.failf("shutdown: %v", err)
	}
	st := s.house.sys.Stats()
	s.report.Spawned, s.report.Abandoned, s.report.Discarded = st.Spawned, st.Abandoned, st.DeadLetters
	if st.Live != 0 {
		s.report.failf("%d actors are alive after the shutdown", st.Live)
	}
	if st.Sched.Timers != 0 {
		s.report.failf("%d timers are armed after the shutdown", st.Sched.Timers)
	}
}

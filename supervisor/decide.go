package supervisor

import (
	"slices"
	"time"

	"github.com/ractor-go/ractor/actor"
)

// machine decides what a supervisor does next. It is a pure state machine: it
// starts and stops nobody and has no clock. Whoever drives it tells it what has
// happened (add, started, ignored, failed, exited, due, terminate ...) and then
// asks next what to do, again and again until that says rest or idle.
//
// At any time one thing is going on at most:
//
//   - A child is terminated on request (target). Whoever dies meanwhile waits
//     in deaths.
//   - A round of a group strategy: the children from number from on are
//     stopped, youngest first; there may be a pause; they are started, oldest
//     first. A child that dies in the round that ran when the round began
//     widens it and does not count. One that the round itself has started
//     counts, or a group whose first child always dies would never give up.
//   - OneForOne has no rounds: each child that dies goes to ready, maybe after
//     a pause of its own.
type machine struct {
	strategy  Strategy
	auto      AutoShutdown
	intensity Intensity
	backoff   Backoff
	random    func() float64 // in [0, 1)

	kids []*kid            // in the order of their start
	ids  map[string]*kid   // kids by id
	live map[actor.ID]*kid // kids that are up or leaving, by incarnation
	past window

	target *kid
	deaths []death

	phase  phase
	from   int           // kids from here on belong to the round
	number uint64        // of the round
	delay  time.Duration // the pause that the round has yet to make
	retry  bool          // it makes one even if that is 0
	row    row           // of the group
	pauses uint64        // pauses begun; the number of the present one

	ready  []*kid // OneForOne: to be started
	paused []step // OneForOne: pauses to begin

	end   verb // shutDown or giveUp, once it is decided
	cause *kid // giveUp: whose restart was one too many
}

// kid is one child.
type kid struct {
	Child

	state    state
	who      actor.ID // its incarnation, while it is up or leaving
	restarts int
	row      row      // OneForOne
	round    uint64   // the round that started it
	held     actor.ID // the incarnation that has failed and waits with its mailbox
	pause    uint64   // OneForOne: the number of its present pause

	// For who drives the machine.
	ref    actor.AnyRef
	nested bool
	err    error // why it died last
}

// state is where a child is.
type state uint8

const (
	down    state = iota // does not run, and is not to
	up                   // runs
	leaving              // was told to stop
	waiting              // is to be started
)

// phase is where a round is.
type phase uint8

const (
	none phase = iota
	stopping
	pausing
	starting
)

type death struct {
	kid    *kid
	normal bool
}

// verb is what is to be done.
type verb uint8

const (
	idle     verb = iota // nothing: requests may be served
	rest                 // nothing until something happens: a child has yet to go
	linger               // the same, in the pause of a round
	stop                 // tell kid to stop; exited follows
	start                // start kid; started, ignored or failed follows
	pause                // call due(kid, number) after wait; kid is nil for a round
	shutDown             // the significant children have ended: stop the supervisor
	giveUp               // too many restarts: fail
)

type step struct {
	do     verb
	kid    *kid
	wait   time.Duration
	number uint64
}

func newMachine(s Spec, random func() float64) *machine {
	return &machine{
		strategy: s.Strategy, auto: s.AutoShutdown, intensity: s.Intensity, backoff: s.Backoff, random: random,
		ids: map[string]*kid{}, live: map[actor.ID]*kid{},
	}
}

// add enters a child at the end, to be started by who adds it.
func (m *machine) add(c Child) *kid {
	k := &kid{Child: c, state: waiting}
	m.kids = append(m.kids, k)
	m.ids[c.ID] = k
	return k
}

// remove forgets a child that does not run.
func (m *machine) remove(k *kid) {
	i := slices.Index(m.kids, k)
	m.kids = slices.Delete(m.kids, i, i+1)
	delete(m.ids, k.ID)
	if m.phase != none && i < m.from {
		m.from--
	}
	k.state = down
}

// started enters the success of a start.
func (m *machine) started(now time.Duration, k *kid, who actor.ID) {
	m.unready(k)
	k.state, k.who, k.held, k.round = up, who, 0, m.number
	k.row.since, m.row.since = now, now
	m.live[who] = k
}

// ignored enters a start that was none.
func (m *machine) ignored(k *kid) {
	m.unready(k)
	k.state, k.held = down, 0
	if k.Restart == Temporary {
		m.remove(k)
	}
}

// failed enters the failure of a start that next has asked for: it counts as a
// restart again.
func (m *machine) failed(now time.Duration, k *kid) {
	m.unready(k)
	if !m.count(now, k) {
		return
	}
	switch m.strategy {
	case OneForOne:
		m.pauseOf(k, k.row.next(now, false, m.backoff, m.random))
		return
	case OneForAll:
		m.from = 0 // what it started this round is stopped, and all are started
	case RestForOne:
		m.from = slices.Index(m.kids, k) // those before it stay
	}
	m.delay, m.retry = m.row.next(now, false, m.backoff, m.random), true
	m.phase = stopping
}

// exited enters the end of an incarnation. One that is not known, or not any
// more, is nobody's.
func (m *machine) exited(now time.Duration, who actor.ID, normal bool) {
	k := m.live[who]
	if k == nil {
		return
	}
	delete(m.live, who)
	k.who = 0
	switch {
	case m.end != idle: // nothing is decided any more
		k.state = down
	case k == m.target:
		m.target = nil
		m.done(k)
	case k.state == leaving:
		m.pass(k)
	case m.target != nil:
		k.state = waiting
		m.deaths = append(m.deaths, death{k, normal})
	default:
		m.died(now, k, normal)
	}
}

// kept enters the failure of an incarnation that waits, with its mailbox, to be
// started again as it is. To a round it is one that does not run: it is not
// stopped, and is started in its turn.
func (m *machine) kept(now time.Duration, who actor.ID) {
	k := m.live[who]
	if k == nil || k.state == leaving || k == m.target { // it was told to stop, or will be: its end follows
		return
	}
	k.held = who
	m.exited(now, who, false)
}

// lost enters the end of an incarnation that waited: the child, which it returns, is
// started anew. It returns nil if nobody waited.
func (m *machine) lost(who actor.ID) *kid {
	for _, k := range m.kids {
		if k.held == who {
			k.held = 0
			return k
		}
	}
	return nil
}

// died decides about a death that nobody ordered.
func (m *machine) died(now time.Duration, k *kid, normal bool) {
	i := slices.Index(m.kids, k)
	if m.phase == stopping && i >= m.from {
		m.pass(k) // it would have been stopped anyway
		return
	}
	if !k.Restart.wants(normal) {
		m.done(k)
		m.significant(k)
		return
	}
	k.state = waiting
	if m.strategy == OneForOne {
		if !m.count(now, k) {
			return
		}
		if d := k.row.next(now, true, m.backoff, m.random); d > 0 {
			m.pauseOf(k, d)
		} else {
			m.ready = append(m.ready, k)
		}
		return
	}
	switch {
	case m.phase == none:
		if !m.count(now, k) {
			return
		}
		m.number++
		m.from = i
		m.delay = m.row.next(now, true, m.backoff, m.random)
	case k.round == m.number:
		if !m.count(now, k) {
			return
		}
		m.delay = m.row.next(now, true, m.backoff, m.random)
	case m.phase == pausing: // stop first, then pause anew
		m.delay, m.retry = m.backoff.delay(m.row.n, m.random), true
	}
	if m.from = min(m.from, i); m.strategy == OneForAll {
		m.from = 0
	}
	m.phase = stopping
}

// count enters a restart into the history; false: that was one too many.
func (m *machine) count(now time.Duration, k *kid) bool {
	if m.past.add(now, m.intensity) {
		return true
	}
	k.state = down
	m.end, m.cause = giveUp, k
	return false
}

// pass lets a child go that the round will start again, unless it is Temporary.
func (m *machine) pass(k *kid) {
	k.state = waiting
	if k.Restart == Temporary {
		m.remove(k)
	}
}

// done lets a child go for good.
func (m *machine) done(k *kid) {
	k.state = down
	if k.Restart == Temporary {
		m.remove(k)
	}
}

// significant decides about auto-shutdown after k's end for good.
func (m *machine) significant(k *kid) {
	if !k.Significant || m.auto == Never {
		return
	}
	if m.auto == AllSignificant && slices.ContainsFunc(m.kids, func(o *kid) bool {
		return o.Significant && o.state != down
	}) {
		return
	}
	m.end = shutDown
}

// pauseOf has k wait before it is started. A pause of 0 is one too: after a
// start that has failed, whatever is in the mailbox comes first.
func (m *machine) pauseOf(k *kid, d time.Duration) {
	m.pauses++
	k.pause = m.pauses
	m.paused = append(m.paused, step{do: pause, kid: k, wait: d, number: k.pause})
}

func (m *machine) unready(k *kid) {
	if i := slices.Index(m.ready, k); i >= 0 {
		m.ready = slices.Delete(m.ready, i, i+1)
	}
}

// due ends a pause; one that is over, or was cancelled, is over.
func (m *machine) due(k *kid, number uint64) {
	switch {
	case k == nil && m.phase == pausing && number == m.pauses:
		m.phase = starting
	case k != nil && k.state == waiting && number == k.pause:
		k.pause = 0
		m.ready = append(m.ready, k)
	}
}

// terminate has a child stopped on request. One that waits in a pause of its
// own stops waiting; if it waits with its mailbox, it has an end to come. Only
// when next says idle.
func (m *machine) terminate(k *kid) {
	switch k.state {
	case up:
		m.target = k
	case waiting:
		m.unready(k)
		k.pause = 0
		if k.held == 0 {
			m.done(k)
			return
		}
		k.state, k.who, k.held = up, k.held, 0
		m.live[k.who] = k
		m.target = k
	default:
		m.done(k)
	}
}

// next says what is to be done now. A start stays the answer until its result
// is entered; everything else is said once.
func (m *machine) next(now time.Duration) step {
	for m.end == idle && m.target == nil && len(m.deaths) > 0 {
		d := m.deaths[0]
		m.deaths = m.deaths[1:]
		m.died(now, d.kid, d.normal)
	}
	switch {
	case m.end != idle:
		return step{do: m.end, kid: m.cause}
	case m.target != nil:
		return m.stop(m.target)
	case m.phase != none:
		return m.round()
	case len(m.paused) > 0:
		s := m.paused[0]
		m.paused = m.paused[1:]
		return s
	case len(m.ready) > 0:
		return step{do: start, kid: m.ready[0]}
	}
	return step{do: idle}
}

// stop tells k to stop, or waits until it has.
func (m *machine) stop(k *kid) step {
	if k.state == leaving {
		return step{do: rest}
	}
	k.state = leaving
	return step{do: stop, kid: k}
}

// round goes on with the round.
func (m *machine) round() step {
	if m.phase == stopping {
		for _, k := range slices.Backward(m.kids[m.from:]) {
			if k.state == up || k.state == leaving {
				return m.stop(k)
			}
			k.state = waiting // a round starts all, those too that were down
		}
		m.phase = starting
		if m.delay > 0 || m.retry {
			m.phase = pausing
			m.pauses++
			s := step{do: pause, wait: m.delay, number: m.pauses}
			m.delay, m.retry = 0, false
			return s
		}
	}
	if m.phase == pausing {
		return step{do: linger}
	}
	for _, k := range m.kids[m.from:] {
		if k.state == waiting {
			return step{do: start, kid: k}
		}
	}
	m.phase = none
	return step{do: idle}
}

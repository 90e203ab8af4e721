package model

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/supervisor"
)

// Reference carries a program out in the dumbest way: one loop, one callback
// after another, queues that are slices, and nobody else. Who is first in the
// list of the living goes first. What comes out is one legal history; of an exact
// program its facts are those of all.
func Reference(p *Program) *History {
	w := &world{
		p:       p,
		h:       &History{Program: p, Counts: map[string]uint64{}, Stamps: true},
		claimed: make([]bool, len(p.Roles)),
		at:      make([]*being, len(p.Roles)),
		lives:   make([]int, len(p.Roles)),
		members: make([][]*being, p.Groups),
		watches: make([][]*being, p.Groups),
	}
	w.outside = &being{role: Role{Deaf: true}, rec: &Record{Life: Life{Outside, 1}}, timers: map[int]*alarm{}}
	w.h.Records = []*Record{w.outside.rec}
	for _, round := range p.Rounds {
		for _, a := range p.Scripts[round.Script] {
			w.act(w.outside, a)
		}
		if round.Settle {
			w.settle()
		}
		if round.Sleep > 0 {
			w.sleep(round.Sleep)
		}
	}
	w.settle()
	w.final()
	w.stopAll()
	return w.h
}

// world is everything.
type world struct {
	p       *Program
	h       *History
	now     time.Duration
	stamp   int
	outside *being
	beings  []*being // in the order of their births
	claimed []bool
	at      []*being   // by role: the latest
	lives   []int      // by role: how many
	members [][]*being // by group
	watches [][]*being // by group
	alarms  []*alarm   // in the order in which they were set
}

// being is an actor.
type being struct {
	role   Role
	rec    *Record
	sup    *boss // nil: a plain actor
	keep   bool  // KeepMailbox
	status actor.Status
	begun  bool
	seq    int
	timers map[int]*alarm

	killed    bool
	suspended bool
	other     bool // it has become another
	idle      *idle
	kept      bool   // it has failed, and waits with its mailbox
	failures  int    // after which it was kept
	stop      string // why it is to stop
	events    []event
	queue     []item
	late      []item // unstashed: they come first
	stash     []item

	parent   *being
	children []*being
	felled   bool      // takes no more children
	monitors []monitor // of its end
	downs    []*being  // whom it monitors by message, still
}

// idle is what an actor handles when nothing has come for some time.
type idle struct {
	tag  Tag
	d    time.Duration
	last time.Duration // when something has come
}

// boss is what a supervisor knows.
type boss struct {
	spec     *Sup
	kids     []*post
	restarts int
	gaveUp   bool
}

type post struct {
	Kid

	now *being // nil: down
}

type event struct {
	of     *being
	note   string
	kept   bool
	linked bool
	n      int
}

type monitor struct {
	by  *being
	msg bool
}

// item is what a mailbox holds.
type item struct {
	tag    Tag
	kept   bool              // it was stashed before, or must not be
	answer func(note string) // for who asks
	gaveUp *bool             // who asks waits no more
	waits  time.Duration     // for room, at most; 0: as long as all
	alarm  *alarm
	then   func() // instead of a message
	idle   *idle
	down   *being
	note   string // of down
	change *Entry
}

// alarm is a timer.
type alarm struct {
	tag       Tag
	owner     *being
	at        time.Duration
	period    time.Duration
	queued    bool
	done      bool
	cancelled bool
	idle      *idle // it looks whether something has come
}

func (w *world) note(b *being, e Entry) {
	w.stamp++
	e.At, e.Stamp = w.now, w.stamp
	b.rec.Log = append(b.rec.Log, e)
}

// settle gives everybody turns until nobody has anything to do, and no alarm is
// due.
func (w *world) settle() {
	for again := true; again; {
		again = false
		for i := 0; i < len(w.beings); i++ { //nolint:intrange // who is born meanwhile has a turn too
			for w.step(w.beings[i]) {
				again = true
			}
		}
		if a := w.next(); !again && a != nil && a.at <= w.now {
			w.ring(a)
			again = true
		}
	}
}

// next is the alarm that goes off next, nil if there is none.
func (w *world) next() *alarm {
	var next *alarm
	for _, a := range w.alarms {
		if !a.done && !a.cancelled && a.owner.status < actor.Stopping && (a.period > 0 || !a.queued) && (next == nil || a.at < next.at) {
			next = a
		}
	}
	return next
}

// sleep lets time pass: alarms go off one by one.
func (w *world) sleep(d time.Duration) {
	for end := w.now + d; ; {
		w.settle()
		a := w.next()
		if a == nil || a.at > end {
			w.now = end
			return
		}
		w.now = a.at
	}
}

// ring sends an alarm's message.
func (w *world) ring(a *alarm) {
	if a.period > 0 {
		a.at += a.period
		if a.owner.status >= actor.Draining {
			a.done = true
			return
		}
	}
	if a.idle != nil {
		a.done = true
		w.push(nil, a.owner, item{idle: a.idle})
		return
	}
	a.queued = true
	switch refused := w.push(nil, a.owner, item{tag: a.tag, alarm: a}); {
	case refused != "" && a.period == 0:
		a.done = true
		w.letter(a.owner, item{tag: a.tag}, refused)
	case refused != "":
		a.queued = false
		w.letter(a.owner, item{tag: a.tag}, refused)
	}
}

// push queues an item; what it returns is why not. Only Outside waits for room.
func (w *world) push(by, to *being, it item) (refused string) {
	if to.status >= actor.Draining {
		return "stopped"
	}
	if to.role.Bound > 0 && it.then == nil && it.down == nil && it.idle == nil {
		for len(to.queue) >= to.role.Bound {
			switch {
			case to.role.Overflow == actor.DropNewest:
				w.discard(to, it, "full")
				return ""
			case to.role.Overflow == actor.DropOldest:
				oldest := to.queue[0]
				to.queue = to.queue[1:]
				w.discard(to, oldest, "full")
			case to.role.Overflow == actor.WaitForRoom && by == w.outside:
				switch {
				case w.step(to):
				case to.suspended:
					w.now += cmp.Or(it.waits, patience)
					return "deadline"
				}
				if to.status >= actor.Draining {
					return "stopped"
				}
			default:
				return "full"
			}
		}
	}
	to.queue = append(to.queue, it)
	return ""
}

// letter counts a dead letter, and tells of it if it was a message.
func (w *world) letter(to *being, it item, note string) {
	w.h.Counts[counted[note]]++
	if it.tag != (Tag{}) {
		w.h.Letters = append(w.h.Letters, Letter{To: to.rec.Life, Tag: it.tag, Note: note})
	}
}

// counted is how Stats names a reason.
var counted = map[string]string{
	"stopped": "stopped", "killed": "killed", "failed": "failed", "full": "mailbox full", "expired": "expired",
	"cancelled": "cancelled timer",
}

func (w *world) discard(to *being, it item, note string) {
	switch a := it.alarm; {
	case a == nil:
	case a.cancelled:
		note, it.tag = "cancelled", Tag{}
	case a.period == 0:
		a.done = true // too late to cancel it
	default:
		a.queued = false
	}
	w.letter(to, it, note)
	if it.answer != nil {
		it.answer("no reply")
	}
}

// step is one callback of b, the most urgent; false: it has nothing to do.
func (w *world) step(b *being) bool {
	switch {
	case b.status == actor.Stopped:
		return false
	case b.kept && (b.killed || b.stop != ""):
		w.exit(b, "failed")
	case b.kept:
		return false
	case b.killed:
		w.exit(b, "killed")
	case !b.begun:
		b.begun = true
		if b.sup == nil {
			w.note(b, Entry{What: PostStarted})
			if w.fails(b, PostStarted) {
				w.exit(b, "failed")
				break
			}
		}
		b.status = max(b.status, actor.Running)
		if b.failures == 0 { // a revival is no start
			w.announce(b, "started")
		}
	case b.stop != "":
		w.exit(b, b.stop)
	case b.suspended:
		return false
	case len(b.events) > 0:
		ev := b.events[0]
		b.events = b.events[1:]
		w.event(b, ev)
	case len(b.late) > 0:
		it := b.late[0]
		b.late = b.late[1:]
		w.handle(b, it)
	case len(b.queue) > 0:
		it := b.queue[0]
		b.queue = b.queue[1:]
		w.handle(b, it)
	case b.status == actor.Draining:
		w.exit(b, "drained")
	default:
		return false
	}
	return true
}

func (w *world) fails(b *being, callback What) bool {
	if b.role.Fails != callback {
		return false
	}
	w.note(b, Entry{What: Failing, Op: Fail})
	b.rec.End = fmt.Sprintf("in %v", callback)
	return true
}

// announce tells monitors, then the parent.
func (w *world) announce(b *being, note string) {
	for _, m := range b.monitors {
		switch {
		case !m.msg:
			w.tell(m.by, event{of: b, note: note})
		case note != "started":
			w.down(m.by, b, note)
		}
	}
	if p := b.parent; p != nil {
		ev := event{of: b, note: note, linked: true}
		if note != "started" && note != "failed" {
			ev.n = 1
		}
		w.tell(p, ev)
	}
}

func (w *world) tell(to *being, ev event) {
	if to.status < actor.Stopping {
		to.events = append(to.events, ev)
	}
}

// down queues a Down, whose note is the error: that of a failure is the end's.
func (w *world) down(to, of *being, note string) {
	switch note {
	case "stopped":
		note = ""
	case "failed":
		note = of.rec.End
	}
	if to.status < actor.Stopping {
		to.queue = append(to.queue, item{down: of, note: note})
	}
}

// event is HandleSupervision.
func (w *world) event(b *being, ev event) {
	switch {
	case b.sup != nil:
		w.decide(b, ev)
	case !b.role.Deaf:
		w.note(b, Entry{What: Evented, Who: ev.of.rec.Life, Note: ev.note, N: ev.n})
	case ev.linked && ev.note != "started":
		w.order(b, Stop)
	}
}

// handle handles what the mailbox had.
func (w *world) handle(b *being, it item) {
	switch {
	case it.then != nil:
		it.then()
		return
	case it.idle != nil:
		w.rouse(b, it.idle)
		return
	case it.down != nil:
		if i := slices.Index(b.downs, it.down); i >= 0 {
			b.busied(w.now)
			b.downs = slices.Delete(b.downs, i, i+1)
			w.note(b, Entry{What: Downed, Who: it.down.rec.Life, Note: it.note})
		} else {
			w.letter(b, item{}, "cancelled")
		}
		return
	case it.change != nil:
		b.busied(w.now)
		w.note(b, *it.change)
		return
	case it.alarm != nil && it.alarm.cancelled:
		w.letter(b, item{}, "cancelled")
		return
	case it.gaveUp != nil && *it.gaveUp:
		w.letter(b, it, "expired")
		return
	}
	if it.alarm != nil {
		it.alarm.queued = false
		it.alarm.done = it.alarm.period == 0
	}
	b.busied(w.now)
	w.message(b, it)
}

// busied notes that something has come.
func (b *being) busied(now time.Duration) {
	if b.idle != nil {
		b.idle.last = now
	}
}

// await has the world look again when nothing has come until then.
func (w *world) await(b *being, i *idle) {
	w.alarms = append(w.alarms, &alarm{owner: b, at: i.last + i.d, idle: i})
}

// rouse looks whether nothing has come for so long.
func (w *world) rouse(b *being, i *idle) {
	switch {
	case b.idle != i: // turned off, or another one
		return
	case i.last+i.d <= w.now:
		i.last = w.now
		w.message(b, item{tag: i.tag})
	}
	if b.idle == i {
		w.await(b, i)
	}
}

// message handles a script.
func (w *world) message(b *being, it item) {
	script := w.p.Scripts[it.tag.Script]
	if len(script) > 0 && script[0].Op == Stash && !it.kept {
		w.note(b, Entry{What: Stashed, Tag: it.tag})
		it.kept, it.alarm = true, nil
		b.stash = append(b.stash, it)
		return
	}
	e := Entry{What: Handled, Tag: it.tag}
	if b.other {
		e.Op = Become
	}
	w.note(b, e)
	for _, a := range script {
		if !w.act(b, a) {
			if it.answer != nil {
				it.answer("no reply")
			}
			switch {
			case b.killed:
				w.exit(b, "killed")
			case b.keeps():
				w.keep(b, it)
			default:
				w.exit(b, "failed")
			}
			return
		}
	}
	if it.answer != nil {
		it.answer("")
	}
}

// keeps says whether b outlives its failure.
func (b *being) keeps() bool {
	return b.keep && b.stop == "" && b.parent != nil && b.parent.status < actor.Stopping
}

// keep ends a value, which has failed with it, and what that has set up. The rest
// waits.
func (w *world) keep(b *being, it item) {
	w.letter(b, item{tag: it.tag}, "failed")
	b.late = slices.Concat(b.stash, b.late)
	for i := range b.late { // answers that are owed will not come
		if owed := &b.late[i]; owed.answer != nil {
			owed.answer("no reply")
			owed.answer = nil
		}
	}
	for _, c := range b.children {
		c.parent = nil
		w.kill(c)
	}
	for _, x := range w.beings {
		x.monitors = slices.DeleteFunc(x.monitors, func(m monitor) bool { return m.by == b })
	}
	b.stash, b.children, b.downs, b.events, b.idle = nil, nil, nil, nil, nil
	b.timers, b.other, b.begun = map[int]*alarm{}, false, false
	b.kept = true
	b.failures++
	w.tell(b.parent, event{of: b, note: "failed", linked: true, kept: true})
}

// mortal is f, but for the present value only.
func (w *world) mortal(b *being, f func()) func() {
	failures := b.failures
	return func() {
		if b.failures == failures {
			f()
		} else {
			w.letter(b, item{}, "cancelled")
		}
	}
}

// act carries out one action; false: the callback fails.
func (w *world) act(b *being, a Action) bool {
	to := b
	if a.Actor != Self {
		to = w.at[a.Actor]
	}
	switch a.Op {
	case Broadcast:
		tag := b.tag(a)
		n, refused := 0, ""
		for _, m := range slices.Clone(w.members[a.Group]) {
			switch why := w.push(b, m, item{tag: tag}); why {
			case "":
				n++
			case "stopped":
			default:
				refused = why
			}
		}
		w.note(b, Entry{What: Broadcasted, Tag: tag, N: n, Note: refused})
		return true
	case Cancel:
		if t := b.timers[a.Script]; t != nil {
			e := Entry{What: Cancelled, Tag: t.tag}
			if !t.done && !t.cancelled && t.owner.status != actor.Stopped {
				t.cancelled, e.N = true, 1
			}
			w.note(b, e)
		}
		return true
	case Stash:
		return true
	case Unstash:
		n := 0
		if !b.killed {
			n = len(b.stash)
			b.late = append(b.stash, b.late...)
			b.stash = nil
		}
		w.note(b, Entry{What: Unstashed, N: n})
		return true
	case Async:
		e := Entry{What: Returned, Tag: b.tag(a)}
		if a.Group == 1 {
			e.Note = "panic"
		}
		if refused := w.push(nil, b, item{then: w.mortal(b, func() { w.note(b, e) })}); refused != "" {
			w.letter(b, item{}, refused)
		}
		w.note(b, Entry{What: Offloaded, Tag: e.Tag, N: a.Group})
		return true
	case Idle:
		e := Entry{What: Idled, D: a.Delay}
		if b.idle = nil; a.Delay > 0 {
			e.Tag = b.tag(a)
			b.idle = &idle{tag: e.Tag, d: a.Delay, last: w.now}
			w.await(b, b.idle)
		}
		w.note(b, e)
		return true
	case Become:
		b.other = !b.other
		w.note(b, Entry{What: Became, N: one(b.other)})
		return true
	case Spawn, SpawnLinked:
		w.spawn(b, a)
		return true
	case Hire:
		w.hire(b, a.Actor)
		return true
	case Fail, Panic, Goexit:
		w.note(b, Entry{What: Failing, Op: a.Op})
		b.rec.End = "boom"
		if a.Op != Fail {
			b.rec.End = "panic"
		}
		return false
	case Join:
		w.join(b, a.Group)
		w.note(b, Entry{What: Joined, N: a.Group})
		return true
	case Leave:
		w.leave(b, a.Group)
		w.note(b, Entry{What: Left, N: a.Group})
		return true
	case Watch:
		w.watch(b, a.Group)
		return true
	}
	if to == nil {
		return true
	}
	life := to.rec.Life
	switch a.Op {
	case Cast:
		tag := b.tag(a)
		w.note(b, Entry{What: Sent, Who: life, Tag: tag, Note: w.push(b, to, item{tag: tag}), Began: w.stamp + 1})
	case Call:
		w.call(b, to, b.tag(a), a.Delay)
	case Then:
		tag := b.tag(a)
		failures := b.failures
		answer := func(note string) {
			if b.failures == failures {
				w.push(nil, b, item{then: w.mortal(b, func() { w.note(b, Entry{What: Answered, Who: life, Tag: tag, Note: note}) })})
			}
		}
		if refused := w.push(b, to, item{tag: tag, answer: answer}); refused != "" {
			answer(refused)
		}
		w.note(b, Entry{What: Asked, Who: life, Tag: tag})
	case After, Every:
		e := Entry{What: Armed, Who: life, Tag: b.tag(a), D: a.Delay}
		t := &alarm{tag: e.Tag, owner: to, at: w.now + a.Delay}
		if a.Op == Every {
			e.What, t.period = Ticking, a.Delay
		}
		b.timers[a.Script] = t
		if to.status >= actor.Stopping {
			e.Note, t.done = "stopped", true
		} else {
			w.alarms = append(w.alarms, t)
		}
		w.note(b, e)
	case Monitor, MonitorMsg, Unmonitor, Demonitor:
		w.monitor(b, to, a.Op)
	case Fire:
		w.fire(b, to)
	case StopTree:
		for _, x := range slices.Backward(to.fell()) {
			for w.order(x, Stop); w.step(x); {
			}
		}
		w.note(b, Entry{What: Ordered, Op: a.Op, Who: life})
	case Link, Unlink:
		w.link(b, to, a.Op)
	case Suspend, Resume:
		e := Entry{What: Held, Op: a.Op, Who: life, Began: w.stamp + 1}
		if to.suspended = a.Op == Suspend; to.status >= actor.Stopping {
			e.Note = "stopped"
		}
		for a.Op == Suspend && !to.begun && w.step(to) { // a start is not held up
		}
		w.note(b, e)
	default:
		w.order(to, a.Op)
		w.note(b, Entry{What: Ordered, Op: a.Op, Who: life})
	}
	return true
}

func (b *being) tag(a Action) Tag {
	b.seq++
	return Tag{b.rec.Life, b.seq, a.Script}
}

// call has the other one take turns until it has answered. If it does not, the
// world stands still until the deadline.
func (w *world) call(b, to *being, tag Tag, d time.Duration) {
	e := Entry{What: Called, Who: to.rec.Life, Tag: tag, D: d, Since: w.now}
	if b.killed {
		e.Note = "killed"
		w.note(b, e)
		return
	}
	over := false
	answer := func(note string) {
		if !over {
			e.Note, over = note, true
		}
	}
	gaveUp := false
	if refused := w.push(b, to, item{tag: tag, kept: true, answer: answer, gaveUp: &gaveUp, waits: d}); refused != "" {
		answer(refused)
	}
	for !over && (w.step(to) || to.kept && w.step(to.parent)) {
	}
	if !over {
		w.now += d
		gaveUp = true
		answer("deadline")
	}
	w.note(b, e)
}

func (w *world) monitor(b, to *being, op Op) {
	m := monitor{by: b, msg: op == MonitorMsg}
	switch op {
	case Monitor:
		switch {
		case to.status == actor.Stopped:
			w.tell(b, event{of: to, note: "noproc"})
		case !slices.Contains(to.monitors, m):
			to.monitors = append(to.monitors, m)
		}
	case MonitorMsg:
		b.downs = append(b.downs, to)
		if to.status == actor.Stopped {
			w.down(b, to, "noproc")
		} else {
			to.monitors = append(to.monitors, m)
		}
	case Unmonitor:
		to.monitors = slices.DeleteFunc(to.monitors, func(x monitor) bool { return x == m })
	case Demonitor:
		b.downs = slices.DeleteFunc(b.downs, func(x *being) bool { return x == to })
		to.monitors = slices.DeleteFunc(to.monitors, func(x monitor) bool { return x.by == b && x.msg })
	}
	w.note(b, Entry{What: Monitored, Op: op, Who: to.rec.Life})
}

// link makes to a child of b, whoever was its parent, or ends that.
func (w *world) link(b, to *being, op Op) {
	e := Entry{What: Linked, Op: op, Who: to.rec.Life}
	switch {
	case op == Unlink:
		if to.parent == b {
			to.leave()
			e.N = 1
		}
	case to.status >= actor.Draining:
		e.Note = "stopped"
	case to.above(b):
		e.Note = "cycle"
	case to.parent == b:
	case b.status >= actor.Draining || b.felled:
		e.Note = "stopping"
	default:
		to.leave()
		to.parent = b
		b.children = append(b.children, to)
	}
	w.note(b, e)
}

// fell takes a tree apart: parents come before their children, older siblings with
// all their own before younger ones.
func (b *being) fell() (tree []*being) {
	b.felled = true
	children := b.children
	b.children = nil
	tree = append(tree, b)
	for _, c := range children {
		c.parent = nil
		tree = append(tree, c.fell()...)
	}
	return tree
}

// above says whether b is x or an ancestor of it.
func (b *being) above(x *being) bool {
	for x != nil && x != b {
		x = x.parent
	}
	return x != nil
}

// leave takes b off its parent.
func (b *being) leave() {
	if p := b.parent; p != nil {
		p.children = slices.DeleteFunc(p.children, func(x *being) bool { return x == b })
	}
	b.parent = nil
}

func (w *world) join(b *being, g int) {
	if b.status >= actor.Stopping || slices.Contains(w.members[g], b) {
		return
	}
	w.members[g] = append(w.members[g], b)
	w.changed(g, Entry{What: Changed, N: g, Added: []Life{b.rec.Life}})
}

func (w *world) leave(b *being, g int) {
	if i := slices.Index(w.members[g], b); i >= 0 {
		w.members[g] = slices.Delete(w.members[g], i, i+1)
		w.changed(g, Entry{What: Changed, N: g, Gone: []Life{b.rec.Life}})
	}
}

// changed tells those who watch the group. A full mailbox gets it later, which is
// now for all that anybody can see here.
func (w *world) changed(g int, e Entry) {
	for _, by := range w.watches[g] {
		if by.status < actor.Draining {
			by.queue = append(by.queue, item{change: &e})
		}
	}
}

func (w *world) watch(b *being, g int) {
	if slices.Contains(w.watches[g], b) {
		return
	}
	e := Entry{What: Watched, N: g}
	if b.status >= actor.Stopping {
		e.Note = "stopped"
		w.note(b, e)
		return
	}
	w.watches[g] = append(w.watches[g], b)
	if len(w.members[g]) > 0 && b.status < actor.Draining {
		all := Entry{What: Changed, N: g}
		for _, m := range w.members[g] {
			all.Added = append(all.Added, m.rec.Life)
		}
		b.queue = append(b.queue, item{change: &all})
	}
	w.note(b, e)
}

// spawn starts a role, unless that was done before.
func (w *world) spawn(b *being, a Action) {
	if w.claimed[a.Actor] {
		return
	}
	w.claimed[a.Actor] = true
	e := Entry{What: Spawned, Who: Life{a.Actor, 1}}
	role := w.p.Roles[a.Actor]
	if role.Sup != nil {
		w.reign(a.Actor)
		w.note(b, e)
		return
	}
	if a.Op == SpawnLinked {
		e.Op = SpawnLinked
		if b.status >= actor.Draining || b.felled {
			e.Note = "stopping"
			w.note(b, e)
			return
		}
	}
	x := w.born(a.Actor)
	w.h.Records = append(w.h.Records, x.rec)
	w.note(x, Entry{What: PreStarted})
	if w.fails(x, PreStarted) {
		e.Note = x.rec.End
		w.cross(x)
		x.status = actor.Stopped
		w.note(b, e)
		return
	}
	if a.Op == SpawnLinked {
		x.parent = b
		b.children = append(b.children, x)
	}
	w.live(x)
	w.note(b, e)
}

func (w *world) born(role int) *being {
	w.lives[role]++
	return &being{
		role:   w.p.Roles[role],
		rec:    &Record{Life: Life{role, w.lives[role]}},
		status: actor.Starting,
		timers: map[int]*alarm{},
	}
}

func (w *world) live(x *being) {
	w.beings = append(w.beings, x)
	w.at[x.rec.Life.Role] = x
}

// order is Stop, StopWith, Drain and Kill.
func (w *world) order(b *being, op Op) {
	switch {
	case b.status >= actor.Stopping:
	case op == Kill:
		w.kill(b)
	case op == Drain:
		b.status = actor.Draining
	case b.stop != "": // the first one counts
	case op == StopWith:
		b.stop = "reason"
	default:
		b.stop = "stopped"
	}
}

func (w *world) kill(b *being) {
	if b.status == actor.Stopped || b.killed {
		return
	}
	b.killed = true
	w.cross(b)
	for _, c := range b.children {
		w.kill(c)
	}
}

// cross is the crossing to Stopping.
func (w *world) cross(b *being) {
	if b.status >= actor.Stopping {
		return
	}
	b.status = actor.Stopping
	w.stamp++
	b.rec.Crossings++
	b.rec.Crossed = w.stamp
	for g := range w.members {
		w.leave(b, g)
		w.watches[g] = slices.DeleteFunc(w.watches[g], func(x *being) bool { return x == b })
	}
}

// exit is row L7.
func (w *world) exit(b *being, how string) {
	if how != "killed" && how != "failed" {
		w.cross(b)
		switch {
		case b.sup != nil:
			for _, k := range slices.Backward(b.sup.kids) {
				w.dismiss(k)
			}
			if b.sup.gaveUp {
				how, b.rec.End = "failed", "intensity"
			}
		default:
			w.note(b, Entry{What: PostStopped})
			if w.fails(b, PostStopped) {
				how = "failed"
			}
		}
	}
	why := how
	if how == "drained" || how == "reason" {
		why = "stopped"
	}
	all := slices.Concat(b.queue, b.late, b.stash)
	b.queue, b.late, b.stash, b.events = nil, nil, nil, nil
	w.cross(b)
	for _, it := range all {
		w.discard(b, it, why)
	}
	for _, c := range b.children {
		c.parent = nil
		w.kill(c)
	}
	b.children = nil
	switch how {
	case "failed": // End says how
	case "stopped", "drained":
		b.rec.End = "normal"
	default:
		b.rec.End = how
	}
	w.announce(b, how)
	b.leave()
	b.status = actor.Stopped
}

// reign starts a supervisor with its kids.
func (w *world) reign(role int) *being {
	x := w.born(role)
	x.sup = &boss{spec: x.role.Sup}
	for _, k := range x.role.Sup.Kids {
		if x.sup.spec.Dynamic {
			break
		}
		x.sup.kids = append(x.sup.kids, &post{Kid: k})
	}
	w.live(x)
	for _, k := range x.sup.kids {
		w.start(x, k)
	}
	return x
}

// hire has a dynamic supervisor, when it has nothing else to do, start a kid.
func (w *world) hire(b *being, role int) {
	sup := w.at[w.p.above(role)]
	if sup == nil || w.claimed[role] {
		return
	}
	w.claimed[role] = true
	for w.step(sup) {
	}
	e := Entry{What: Spawned, Op: Hire, Who: Life{role, 1}}
	if sup.status == actor.Stopped {
		e.Note = "stopped"
	} else {
		k := &post{Kid: sup.sup.spec.Kids[0]}
		k.Role = role
		sup.sup.kids = append(sup.sup.kids, k)
		w.start(sup, k)
	}
	w.note(b, e)
}

// fire has a dynamic supervisor end a kid, if it is one still.
func (w *world) fire(b, kid *being) {
	sup := w.at[w.p.above(kid.rec.Life.Role)]
	for w.step(sup) {
	}
	e := Entry{What: Ordered, Op: Fire, Who: kid.rec.Life}
	i := slices.IndexFunc(sup.sup.kids, func(k *post) bool { return k.now == kid })
	switch {
	case sup.status == actor.Stopped:
		e.Note = "stopped"
	case i < 0:
		e.Note = "not found"
	default:
		w.dismiss(sup.sup.kids[i])
		sup.sup.kids = slices.Delete(sup.sup.kids, i, i+1)
	}
	w.note(b, e)
}

// start starts a kid, again, or revives it.
func (w *world) start(b *being, k *post) {
	if x := k.now; x != nil {
		for w.step(x) { // should it be on its way to its end
		}
		if x.status != actor.Stopped {
			x.kept, x.rec.End = false, ""
			w.note(x, Entry{What: PreStarted})
			return
		}
	}
	for old := w.at[k.Role]; old != nil && w.step(old); { // killed with a supervisor, it may have its name still
	}
	var x *being
	if w.p.Roles[k.Role].Sup != nil {
		x = w.reign(k.Role)
	} else {
		x = w.born(k.Role)
		x.keep = k.Keep
		w.h.Records = append(w.h.Records, x.rec)
		w.note(x, Entry{What: PreStarted})
		w.live(x)
	}
	x.parent, k.now = b, x
	b.children = append(b.children, x)
}

// dismiss stops a kid and lets it take turns until it has ended.
func (w *world) dismiss(k *post) {
	x := k.now
	if x == nil {
		return
	}
	k.now = nil
	for w.order(x, Stop); x.status != actor.Stopped && w.step(x); {
	}
}

// decide is a supervisor's decision about a kid's end.
func (w *world) decide(b *being, ev event) {
	s := b.sup
	i := slices.IndexFunc(s.kids, func(k *post) bool { return k.now == ev.of })
	if ev.note == "started" || i < 0 {
		return
	}
	k := s.kids[i]
	if !ev.kept {
		k.now = nil
	}
	normal := ev.note == "stopped" || ev.note == "drained"
	if k.Restart == supervisor.Temporary {
		s.kids = slices.Delete(s.kids, i, i+1)
		return
	}
	if k.Restart == supervisor.Transient && normal {
		return
	}
	if s.restarts++; s.restarts > s.spec.Max {
		s.gaveUp = true
		w.order(b, Stop)
		return
	}
	group := []*post{k}
	switch s.spec.Strategy {
	case supervisor.OneForAll:
		group = slices.Clone(s.kids)
	case supervisor.RestForOne:
		group = slices.Clone(s.kids[i:])
	}
	for _, k := range slices.Backward(group) {
		if k.now != nil && k.now.kept {
			continue
		}
		ran := k.now != nil
		w.dismiss(k)
		if ran && k.Restart == supervisor.Temporary {
			s.kids = slices.DeleteFunc(s.kids, func(x *post) bool { return x == k })
		}
	}
	for _, k := range group {
		if slices.Contains(s.kids, k) {
			w.start(b, k)
		}
	}
}

// final is what there is before all are stopped.
func (w *world) final() {
	for _, b := range w.at {
		if b != nil {
			w.h.Final = append(w.h.Final, fmt.Sprintf("%v is %v", b.rec.Life, b.status))
		}
	}
	for g, all := range w.members {
		var names []string
		for _, b := range all {
			names = append(names, nameOf(b.rec.Life.Role))
		}
		slices.Sort(names)
		w.h.Final = append(w.h.Final, fmt.Sprintf("group %d has %v", g, names))
	}
}

// stopAll ends all: supervisors first.
func (w *world) stopAll() {
	for _, supervisors := range []bool{true, false} {
		for _, b := range slices.Backward(w.at) {
			if b != nil && supervisors == (b.sup != nil) {
				w.order(b, Stop)
				w.settle()
			}
		}
	}
}

package model

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/pg"
	"github.com/ractor-go/ractor/rpc"
	"github.com/ractor-go/ractor/supervisor"
)

// Host is where a program is played: a System, simulated or with workers of its
// own.
type Host struct {
	Ctx    context.Context // leads to System
	System *actor.System
	Settle func()              // returns when nobody has anything to do
	Sleep  func(time.Duration) // lets time pass, and everybody come to rest
	Alone  bool                // only one callback runs at any time: entries get stamps
}

// Play carries a program out and returns what has happened. When it returns
// every actor of the program has ended; the System is left to the caller.
//
// Actors share nothing that could order what they do, but for the table of who
// is where: each writes a record of its own, which is read when all is over.
func Play(h Host, p *Program) *History {
	r := newRun(h, p)
	letters := &coroner{}
	grave, err := actor.Spawn(h.Ctx, letters)
	if err != nil {
		panic(err) // the host's fault
	}
	h.System.DeadLetters(grave)
	for _, round := range p.Rounds {
		for _, a := range p.Scripts[round.Script] {
			_ = r.outside.act(nil, a)
		}
		if round.Settle {
			r.settle()
		}
		if round.Sleep > 0 {
			h.Sleep(round.Sleep)
		}
	}
	r.settle()
	final := r.final()
	r.stopAll()
	grave.Drain()
	_ = grave.Wait(h.Ctx)
	all := r.history(final, letters.all)
	if n := h.System.Stats().Live; n != 0 {
		r.outside.wrongf("%d actors live after the end", n)
	}
	return all
}

// settle waits until nobody has anything to do. Who has messages then, and does
// nothing, has not been woken, and never will be.
func (r *run) settle() {
	r.host.Settle()
	for info := range r.host.System.Actors() {
		switch info.Doing {
		case actor.Suspended, actor.Kept, actor.Waiting: // a call may have time until its deadline
			continue
		}
		if info.Queue != 0 {
			r.outside.wrongf("%v rests with %d messages in its mailbox", info.Actor, info.Queue)
		}
	}
}

// message is what actors of a program understand.
type message struct {
	tag   Tag
	kept  bool // it was stashed before, or must not be: who waits might do so for ever
	reply rpc.Reply[int]

	// Instead of a tag:
	down   *actor.Down
	change *pg.Event
}

// String is for traces.
func (m message) String() string {
	switch {
	case m.down != nil:
		return fmt.Sprintf("down: %v", m.down.Err)
	case m.change != nil:
		return fmt.Sprintf("change of %v", m.change.Group)
	}
	return m.tag.String()
}

// coroner takes dead letters down.
type coroner struct{ all []actor.DeadLetter }

func (c *coroner) Handle(_ *actor.Context[actor.DeadLetter], l actor.DeadLetter) error {
	c.all = append(c.all, l)
	return nil
}

// run is one execution.
type run struct {
	host    Host
	p       *Program
	groups  []pg.Group[message]
	claimed []atomic.Bool           // by role: it was spawned
	places  []atomic.Pointer[place] // by role: where it is now
	lives   [][]*body               // by role: written by who spawns it, one after another
	reigns  [][]place               // by role: supervisors, written as lives are
	hirers  map[int]dynamic         // by role: for Outside alone
	outside *player
	stamp   int
}

type dynamic = supervisor.Dynamic[int, message]

// place is where an incarnation is to be found.
type place struct {
	life Life
	ref  actor.Ref[message] // zero for a supervisor
	any  actor.AnyRef
}

func newRun(h Host, p *Program) *run {
	r := &run{
		host:    h,
		p:       p,
		claimed: make([]atomic.Bool, len(p.Roles)),
		places:  make([]atomic.Pointer[place], len(p.Roles)),
		lives:   make([][]*body, len(p.Roles)),
		reigns:  make([][]place, len(p.Roles)),
		hirers:  map[int]dynamic{},
	}
	for g := range p.Groups {
		r.groups = append(r.groups, pg.Group[message]{Scope: "model", Name: strconv.Itoa(g)})
	}
	r.outside = &player{run: r, timers: map[int]pending{}, body: &body{record: &Record{Life: Life{Outside, 1}}}}
	return r
}

func nameOf(role int) string { return fmt.Sprintf("role %d", role) }

// player is the value of an actor.
type player struct {
	*body // from PreStart on

	run    *run
	number int // of the role
	role   Role
	other  bool // Become was called
	timers map[int]pending
	downs  map[actor.MonitorID]Life
}

// body is one incarnation of a role, an actor: what outlives a value that has
// failed.
type body struct {
	record *Record
	self   actor.Ref[message]
	seq    int
	busy   int // callbacks that run
	watch  map[int]actor.Ref[pg.Event]

	crossings atomic.Int64
	crossed   atomic.Int64 // the stamp
}

// listener is a player that hears of events.
type listener struct{ *player }

type pending struct {
	actor.Timer

	tag Tag
}

// value makes a value for a role.
func (r *run) value(role int) *player {
	return &player{
		run:    r,
		number: role,
		role:   r.p.Roles[role],
		timers: map[int]pending{},
		downs:  map[actor.MonitorID]Life{},
	}
}

// born gives p a body: that of the value before it if it has the same address,
// otherwise a new one, the next incarnation of its role.
func (p *player) born(self actor.Ref[message]) (revived bool) {
	all := p.run.lives[p.number]
	n := len(all)
	if n > 0 && all[n-1].self == self {
		p.body = all[n-1]
		return true
	}
	p.body = &body{record: &Record{Life: Life{p.number, n + 1}}, self: self, watch: map[int]actor.Ref[pg.Event]{}}
	if n > 0 && all[n-1].crossings.Load() == 0 {
		p.wrongf("born while the one before lives")
	}
	p.run.lives[p.number] = append(all, p.body)
	return false
}

func (p *player) note(e Entry) {
	e.At = p.run.host.System.Scheduler().Now()
	e.Stamp = p.run.next()
	p.record.Log = append(p.record.Log, e)
}

func (r *run) next() int {
	if !r.host.Alone {
		return 0
	}
	r.stamp++
	return r.stamp
}

func (p *player) wrongf(format string, args ...any) {
	p.record.Wrong = append(p.record.Wrong, fmt.Sprintf(format, args...))
}

// enter is called at the beginning of each callback, leave at the end. That busy
// is no atomic is meant: the race detector looks too.
func (p *player) enter() {
	if p.busy++; p.busy != 1 {
		p.wrongf("%d callbacks at once", p.busy)
	}
}

func (p *player) leave() { p.busy-- }

// fails returns the error of a callback that is to fail.
func (p *player) fails(callback What) error {
	if p.role.Fails != callback {
		return nil
	}
	p.note(Entry{What: Failing, Op: Fail})
	return fmt.Errorf("in %v", callback)
}

func (p *player) PreStart(ctx *actor.Context[message]) error {
	revived := p.born(ctx.Self())
	p.enter()
	defer p.leave()
	p.record.id = p.self.ID()
	if !revived {
		if _, ok := actor.OnStopping(p.self.Any(), func() {
			p.crossings.Add(1)
			p.crossed.Store(int64(p.run.next()))
		}); !ok {
			p.crossings.Add(1)
		}
	}
	p.note(Entry{What: PreStarted})
	if err := p.fails(PreStarted); err != nil {
		return err
	}
	p.run.places[p.record.Life.Role].Store(&place{p.record.Life, p.self, p.self.Any()})
	return nil
}

func (p *player) PostStart(*actor.Context[message]) error {
	p.enter()
	defer p.leave()
	p.note(Entry{What: PostStarted})
	return p.fails(PostStarted)
}

func (p *player) PostStop(*actor.Context[message]) error {
	p.enter()
	defer p.leave()
	p.note(Entry{What: PostStopped})
	if n := p.crossings.Load(); n != 1 {
		p.wrongf("PostStop after %d crossings to Stopping", n)
	}
	return p.fails(PostStopped)
}

// HandleSupervision looks at the dead closely: row L7 says what must be over.
func (l *listener) HandleSupervision(ctx *actor.Context[message], ev actor.Event) error {
	l.enter()
	defer l.leave()
	e := Entry{What: Evented, Note: reason(ev), id: ev.Actor.ID()}
	if ev.State != nil {
		e.N = 1
	}
	l.note(e)
	if ev.Kind == actor.Started || ev.Err == actor.ErrNoProc { //nolint:errorlint // as the library gives it
		return nil
	}
	var dead *player
	switch v := ev.State.(type) {
	case *player:
		dead = v
	case *listener:
		dead = v.player
	}
	if dead != nil && (dead.busy != 0 || dead.crossings.Load() != 1) {
		l.wrongf("told of the end of %v, with %d callbacks running and after %d crossings", dead.record.Life, dead.busy, dead.crossings.Load())
	}
	if name := ev.Actor.Name(); name != "" {
		if r, err := actor.Whereis[message](ctx, name); err == nil && r.Any() == ev.Actor {
			l.wrongf("told of the end of %v, which still has its name", ev.Actor)
		}
	}
	if s := ev.Actor.Status(); s < actor.Stopping {
		l.wrongf("told of the end of %v, which is %v", ev.Actor, s)
	}
	return nil
}

// Handle is the actor's own handler.
func (p *player) Handle(ctx *actor.Context[message], m message) error { return p.handle(ctx, m, 0) }

// otherwise is the handler that it becomes.
func (p *player) otherwise(ctx *actor.Context[message], m message) error {
	return p.handle(ctx, m, Become)
}

func (p *player) handle(ctx *actor.Context[message], m message, how Op) error {
	p.enter()
	defer p.leave()
	switch {
	case m.down != nil:
		who, known := p.downs[m.down.ID]
		if !known {
			p.wrongf("a Down after Demonitor, or a second one: %v", m.down)
		}
		delete(p.downs, m.down.ID)
		p.note(Entry{What: Downed, Who: who, Note: why(m.down.Err)})
		return nil
	case m.change != nil:
		e := Entry{What: Changed}
		_, _ = fmt.Sscan(m.change.Group, &e.N)
		e.added, e.gone = ids(m.change.Joined), ids(m.change.Left)
		p.note(e)
		return nil
	}
	script := p.run.p.Scripts[m.tag.Script]
	if len(script) > 0 && script[0].Op == Stash && !m.kept {
		p.note(Entry{What: Stashed, Tag: m.tag})
		m.kept = true
		ctx.Stash(m)
		return nil
	}
	p.note(Entry{What: Handled, Op: how, Tag: m.tag, N: ctx.Missed()})
	for _, a := range script {
		if err := p.act(ctx, a); err != nil {
			return err
		}
	}
	m.reply.Send(m.tag.Script)
	return nil
}

func ids(refs []actor.AnyRef) []actor.ID {
	all := make([]actor.ID, len(refs))
	for i, r := range refs {
		all[i] = r.ID()
	}
	return all
}

// patience is how long Outside waits for room in a mailbox.
const patience = 5 * time.Millisecond

// act carries out one action; ctx is nil for Outside.
func (p *player) act(ctx *actor.Context[message], a Action) error {
	r := p.run
	var using context.Context = ctx
	if ctx == nil { // who may have to wait for room, and for somebody who is suspended
		patient, cancel := context.WithTimeout(r.host.Ctx, patience)
		defer cancel()
		using = patient
	}
	var to *place
	switch {
	case a.Actor == Self && ctx != nil:
		to = &place{p.record.Life, p.self, p.self.Any()}
	case a.Actor != Self:
		to = r.places[a.Actor].Load()
	}
	switch a.Op {
	case Broadcast:
		tag := p.tag(a)
		n, err := r.groups[a.Group].Cast(using, message{tag: tag})
		p.note(Entry{What: Broadcasted, Tag: tag, N: n, Note: why(err)})
		return nil
	case Cancel:
		if t, ok := p.timers[a.Script]; ok {
			e := Entry{What: Cancelled, Tag: t.tag}
			if t.Cancel() {
				e.N = 1
			}
			p.note(e)
		}
		return nil
	case Stash:
		return nil // Handle has seen to it
	case Unstash:
		p.note(Entry{What: Unstashed, N: ctx.Unstash()})
		return nil
	case Async:
		p.offload(ctx, a)
		return nil
	case Idle:
		e := Entry{What: Idled, D: a.Delay}
		if a.Delay > 0 {
			e.Tag = p.tag(a)
		}
		ctx.Idle(a.Delay, message{tag: e.Tag})
		p.note(e)
		return nil
	case Become:
		e := Entry{What: Became}
		if p.other = !p.other; p.other {
			ctx.Become(p.otherwise)
			e.N = 1
		} else {
			ctx.Become(nil)
		}
		p.note(e)
		return nil
	case Spawn, SpawnLinked:
		p.spawn(ctx, a)
		return nil
	case Hire:
		if d, ok := r.hirers[r.p.above(a.Actor)]; ok && !r.claimed[a.Actor].Swap(true) {
			_, err := d.StartChild(r.host.Ctx, a.Actor)
			p.note(Entry{What: Spawned, Op: a.Op, Who: Life{a.Actor, 1}, Note: why(err)})
		}
		return nil
	case Fail, Panic, Goexit:
		return p.fail(a.Op)
	case Join:
		err := r.groups[a.Group].Join(ctx, p.self)
		p.note(Entry{What: Joined, N: a.Group, Note: why(err)})
		return nil
	case Leave:
		err := r.groups[a.Group].Leave(ctx, p.self)
		p.note(Entry{What: Left, N: a.Group, Note: why(err)})
		return nil
	case Watch:
		if _, again := p.watch[a.Group]; !again {
			to := actor.Adapt(p.self, func(ev pg.Event) message { return message{change: &ev} })
			p.watch[a.Group] = to
			err := r.groups[a.Group].Monitor(ctx, to)
			p.note(Entry{What: Watched, N: a.Group, Note: why(err)})
		}
		return nil
	}
	if to == nil {
		return nil // nobody is there yet
	}
	switch a.Op {
	case Cast:
		tag := p.tag(a)
		began := r.next()
		err := to.ref.Cast(using, message{tag: tag})
		p.note(Entry{What: Sent, Who: to.life, Tag: tag, Note: why(err), Began: began})
	case Call:
		tag := p.tag(a)
		using, cancel := p.waits(ctx, a.Delay)
		defer cancel()
		since := r.host.System.Scheduler().Now()
		_, err := rpc.Call(using, to.ref, func(r rpc.Reply[int]) message { return message{tag: tag, kept: true, reply: r} })
		p.note(Entry{What: Called, Who: to.life, Tag: tag, Note: why(err), D: a.Delay, Since: since})
	case Then:
		tag := p.tag(a)
		rpc.Then(ctx, to.ref, func(r rpc.Reply[int]) message { return message{tag: tag, reply: r} },
			func(_ int, err error) error {
				p.enter()
				defer p.leave()
				p.note(Entry{What: Answered, Who: to.life, Tag: tag, Note: why(err)})
				return nil
			})
		p.note(Entry{What: Asked, Who: to.life, Tag: tag})
	case After, Every:
		p.arm(to, a)
	case Monitor:
		ctx.Monitor(to.any)
		p.note(Entry{What: Monitored, Op: a.Op, Who: to.life})
	case Unmonitor:
		ctx.Unmonitor(to.any)
		p.note(Entry{What: Monitored, Op: a.Op, Who: to.life})
	case MonitorMsg:
		id := ctx.MonitorMsg(to.any, func(d actor.Down) message { return message{down: &d} })
		p.downs[id] = to.life
		p.note(Entry{What: Monitored, Op: a.Op, Who: to.life})
	case Demonitor:
		for _, id := range sorted(p.downs) {
			if p.downs[id] == to.life {
				ctx.Demonitor(id)
				delete(p.downs, id)
			}
		}
		p.note(Entry{What: Monitored, Op: a.Op, Who: to.life})
	case StopTree:
		err := to.any.StopTree(r.host.Ctx)
		p.note(Entry{What: Ordered, Op: a.Op, Who: to.life, Note: why(err)})
	case Fire:
		err := r.hirers[r.p.above(a.Actor)].TerminateChild(r.host.Ctx, to.ref)
		p.note(Entry{What: Ordered, Op: a.Op, Who: to.life, Note: why(err)})
	case Link:
		err := actor.Link(p.self.Any(), to.any)
		p.note(Entry{What: Linked, Op: a.Op, Who: to.life, Note: why(err)})
	case Unlink:
		was := actor.Unlink(p.self.Any(), to.any)
		p.note(Entry{What: Linked, Op: a.Op, Who: to.life, N: one(was)})
	case Suspend, Resume:
		began := r.next()
		var err error
		if a.Op == Suspend {
			err = actor.Suspend(r.host.Ctx, to.any)
		} else {
			err = actor.Resume(to.any)
		}
		p.note(Entry{What: Held, Op: a.Op, Who: to.life, Note: why(err), Began: began})
	default:
		p.order(ctx, to, a)
	}
	return nil
}

// offload has something done elsewhere.
func (p *player) offload(ctx *actor.Context[message], a Action) {
	tag := p.tag(a)
	actor.Async(ctx, func(context.Context) (Tag, error) {
		if a.Group == 1 {
			panic(tag)
		}
		return tag, nil
	}, func(back Tag, err error) error {
		p.enter()
		defer p.leave()
		p.note(Entry{What: Returned, Tag: tag, Note: why(err)})
		if err == nil && back != tag {
			p.wrongf("the result of %v is %v", tag, back)
		}
		return nil
	})
	p.note(Entry{What: Offloaded, Tag: tag, N: a.Group})
}

// waits is the context of a call that waits for d at most; 0: for ever.
func (p *player) waits(ctx *actor.Context[message], d time.Duration) (context.Context, context.CancelFunc) {
	using := p.run.host.Ctx
	if ctx != nil {
		using = ctx
	}
	if d == 0 {
		return using, func() {}
	}
	return context.WithTimeout(using, d)
}

func sorted(downs map[actor.MonitorID]Life) []actor.MonitorID {
	all := make([]actor.MonitorID, 0, len(downs))
	for id := range downs {
		all = append(all, id)
	}
	slices.Sort(all)
	return all
}

// tag names the message of an action.
func (p *player) tag(a Action) Tag {
	p.seq++
	return Tag{p.record.Life, p.seq, a.Script}
}

func (p *player) arm(to *place, a Action) {
	e := Entry{What: Armed, Who: to.life, Tag: p.tag(a), D: a.Delay}
	e.At = p.run.host.System.Scheduler().Now() // not later than its beginning
	m := message{tag: e.Tag}
	t := pending{tag: e.Tag}
	if a.Op == After {
		t.Timer = to.ref.CastAfter(a.Delay, m)
	} else {
		e.What = Ticking
		t.Timer = to.ref.CastEvery(a.Delay, m)
	}
	p.timers[a.Script] = t
	e.Note = why(t.Err())
	e.Stamp = p.run.next()
	p.record.Log = append(p.record.Log, e)
}

// order ends somebody.
func (p *player) order(ctx *actor.Context[message], to *place, a Action) {
	switch {
	case a.Op == Stop && a.Actor == Self:
		ctx.Stop()
	case a.Op == Stop:
		to.any.Stop()
	case a.Op == StopWith:
		to.any.StopWith(errors.New("reason"))
	case a.Op == Drain:
		to.any.Drain()
	case a.Op == Kill:
		to.any.Kill()
	}
	p.note(Entry{What: Ordered, Op: a.Op, Who: to.life})
}

func (p *player) fail(op Op) error {
	p.note(Entry{What: Failing, Op: op})
	switch op {
	case Panic:
		panic("boom")
	case Goexit:
		runtime.Goexit()
	}
	return errors.New("boom")
}

// spawn starts a role, unless somebody has done so before.
func (p *player) spawn(ctx *actor.Context[message], a Action) {
	r := p.run
	if r.claimed[a.Actor].Swap(true) {
		return
	}
	role := r.p.Roles[a.Actor]
	e := Entry{What: Spawned, Who: Life{a.Actor, 1}}
	if a.Op == SpawnLinked {
		e.Op = SpawnLinked
	}
	if role.Sup != nil && role.Sup.Dynamic {
		d, err := r.hirer(a.Actor)
		if e.Note = why(err); err == nil {
			r.reign(a.Actor, d.Any())
			r.hirers[a.Actor] = d
		}
		p.note(e)
		return
	}
	if role.Sup != nil {
		sup, err := supervisor.Spawn(r.host.Ctx, r.spec(a.Actor), actor.Named(nameOf(a.Actor)))
		if e.Note = why(err); err == nil {
			r.reign(a.Actor, sup.Any())
		}
		p.note(e)
		return
	}
	opts := []actor.Option{actor.Named(nameOf(a.Actor))}
	if role.Bound > 0 {
		opts = append(opts, actor.Bounded(role.Bound, role.Overflow))
	}
	child := r.value(a.Actor)
	var err error
	switch {
	case a.Op == SpawnLinked && role.Deaf:
		_, err = actor.SpawnLinked(ctx, child, opts...)
	case a.Op == SpawnLinked:
		_, err = actor.SpawnLinked(ctx, &listener{child}, opts...)
	case role.Deaf:
		_, err = actor.Spawn(r.host.Ctx, child, opts...)
	default:
		_, err = actor.Spawn(r.host.Ctx, &listener{child}, opts...)
	}
	e.Note = why(err)
	p.note(e)
}

// hirer starts a dynamic supervisor.
func (r *run) hirer(role int) (dynamic, error) {
	s := r.p.Roles[role].Sup
	spec := supervisor.DynamicSpec{
		Restart: s.Kids[0].Restart, KeepMailbox: s.Kids[0].Keep,
		Intensity: supervisor.Intensity{Max: s.Max, Per: 1000 * time.Hour},
	}
	return supervisor.SpawnDynamic(r.host.Ctx, spec, func(kid int) *listener { return &listener{r.value(kid)} }, actor.Named(nameOf(role)))
}

// reign notes the next incarnation of a supervisor.
func (r *run) reign(role int, ref actor.AnyRef) {
	at := place{life: Life{role, len(r.reigns[role]) + 1}, any: ref}
	r.reigns[role] = append(r.reigns[role], at)
	r.places[role].Store(&at)
}

// nested starts a supervisor as a child.
func (r *run) nested(role int) supervisor.StartFunc {
	start := supervisor.Nested(r.spec(role), actor.Named(nameOf(role)))
	return func(parent actor.Inside) (actor.AnyRef, error) {
		ref, err := start(parent)
		if err == nil {
			r.reign(role, ref)
		}
		return ref, err
	}
}

// spec is a supervisor as the library wants it.
func (r *run) spec(role int) supervisor.Spec {
	s := r.p.Roles[role].Sup
	spec := supervisor.Spec{Strategy: s.Strategy, Intensity: supervisor.Intensity{Max: s.Max, Per: 1000 * time.Hour}}
	for _, k := range s.Kids {
		c := supervisor.Child{ID: nameOf(k.Role), Restart: k.Restart, KeepMailbox: k.Keep}
		switch kid := r.p.Roles[k.Role]; {
		case kid.Sup != nil:
			c.Start = r.nested(k.Role)
		case kid.Deaf:
			c.Start = supervisor.Of(func() *player { return r.value(k.Role) }, actor.Named(nameOf(k.Role)))
		default:
			c.Start = supervisor.Of(func() *listener { return &listener{r.value(k.Role)} }, actor.Named(nameOf(k.Role)))
		}
		spec.Children = append(spec.Children, c)
	}
	return spec
}

// final is what there is before all are stopped.
func (r *run) final() []string {
	var facts []string
	for role := range r.places {
		if at := r.places[role].Load(); at != nil {
			facts = append(facts, fmt.Sprintf("%v is %v", at.life, at.any.Status()))
		}
	}
	for g, group := range r.groups {
		var members []string
		for ref := range group.Members(r.host.Ctx) {
			members = append(members, r.nameOf(ref.Any()))
		}
		slices.Sort(members)
		facts = append(facts, fmt.Sprintf("group %d has %v", g, members))
	}
	return facts
}

// nameOf is the name of an actor's role; hired ones have none themselves.
func (r *run) nameOf(who actor.AnyRef) string {
	for role := range r.places {
		if at := r.places[role].Load(); at != nil && at.any == who {
			return nameOf(role)
		}
	}
	return who.Name()
}

// stopAll ends all actors: supervisors first, or they would start them anew.
func (r *run) stopAll() {
	for _, supervisors := range []bool{true, false} {
		for role := len(r.places) - 1; role >= 0; role-- {
			at := r.places[role].Load()
			if at == nil || supervisors != (r.p.Roles[role].Sup != nil) {
				continue
			}
			at.any.Stop()
			r.settle()
		}
	}
}

// history puts all records together. All actors have ended, as its first look at
// each makes sure.
func (r *run) history(final []string, letters []actor.DeadLetter) *History {
	h := &History{Program: r.p, Final: final, Stamps: r.host.Alone, Records: []*Record{r.outside.record}}
	lives := map[actor.ID]Life{}
	for role := range r.lives {
		for _, at := range r.reigns[role] { // supervisors have no record
			lives[at.any.ID()] = at.life
		}
		for _, p := range r.lives[role] {
			rec := p.record
			rec.End = endOf(p.self.Wait(r.host.Ctx))
			rec.Crossings, rec.Crossed = int(p.crossings.Load()), int(p.crossed.Load())
			lives[rec.id] = rec.Life
			h.Records = append(h.Records, rec)
		}
	}
	look := func(ids []actor.ID) (all []Life) {
		for _, id := range ids {
			all = append(all, lives[id])
		}
		return all
	}
	for _, rec := range h.Records {
		for i := range rec.Log {
			e := &rec.Log[i]
			if e.id != 0 {
				e.Who = lives[e.id]
			}
			e.Added, e.Gone = look(e.added), look(e.gone)
		}
	}
	for _, l := range letters {
		m, ok := l.Message.(message)
		if ok && m.tag != (Tag{}) {
			h.Letters = append(h.Letters, Letter{To: lives[l.To.ID()], Tag: m.tag, Note: why(l.Reason)})
		}
	}
	h.Counts = r.host.System.Stats().DeadLetters
	return h
}

// reason is an event's, for people and for comparing.
func reason(ev actor.Event) string {
	switch {
	case ev.Kind == actor.Started:
		return "started"
	case ev.Kind == actor.Failed:
		return "failed"
	case ev.Err == nil:
		return "stopped"
	}
	return why(ev.Err)
}

// endOf is what Wait has returned. It does not tell a stop from a drain, nor a
// failure from a stop with a reason.
func endOf(err error) string {
	if err == nil {
		return "normal"
	}
	return why(err)
}

// why is an error in a word.
func why(err error) string {
	if err == nil {
		return ""
	}
	for _, known := range []struct {
		err  error
		text string
	}{
		{supervisor.ErrRestartIntensity, "intensity"},
		{rpc.ErrNoReply, "no reply"},
		{actor.ErrNoProc, "noproc"},
		{actor.ErrDrained, "drained"},
		{actor.ErrStopping, "stopping"},
		{actor.ErrStopped, "stopped"},
		{actor.ErrFailed, "failed"},
		{actor.ErrAbandoned, "abandoned"},
		{actor.ErrMailboxFull, "full"},
		{actor.ErrExpired, "expired"},
		{supervisor.ErrNotFound, "not found"},
		{actor.ErrCycle, "cycle"},
		{context.DeadlineExceeded, "deadline"},
		{actor.ErrNameTaken, "name taken"},
		{actor.ErrKilled, "killed"},
	} {
		if errors.Is(err, known.err) {
			return known.text
		}
	}
	var crash *actor.PanicError
	if errors.As(err, &crash) {
		return "panic"
	}
	var exit *actor.ExitError
	if errors.As(err, &exit) {
		return exit.Err.Error()
	}
	return err.Error()
}

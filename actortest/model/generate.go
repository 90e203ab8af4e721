package model

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/supervisor"
)

// Feature is something that programs may be made without.
type Feature uint

// The features.
const (
	Calls Feature = 1 << iota
	Timers
	Groups
	Stashes
	Bounds
	Supervisors
	Monitors
	Ends     // stops, kills, drains
	Failures // of handlers and hooks
	Links
	Holds   // Suspend and Resume; without them calls have no deadlines
	Becomes // Become
	Asyncs  // Async
	Idles   // Idle
	Moves   // Link and Unlink
	Keeps   // KeepMailbox
	Trees   // StopTree
	Nests   // supervisors within others
	Hirings // dynamic supervisors
)

// Size is how large a program is, and what is not in it.
type Size struct {
	Roles   int // at most, supervisors and their kids apart
	Actions int // about
	Without Feature
}

// Generate makes a program of a seed. An exact one has no races: in each round
// actors either only talk, or one thing changes, and then all settle; so every
// execution must come to the same facts. The others do everything at any time.
func Generate(seed uint64, size Size, exact bool) *Program {
	mode := uint64(1)
	if exact {
		mode = 2
	}
	g := &generator{
		rand:  rand.New(rand.NewPCG(seed, mode)),
		p:     &Program{Seed: seed, Exact: exact},
		size:  size,
		left:  size.Actions,
		armed: map[int][]int{},
		held:  -1,
	}
	g.leaveOut()
	g.roles()
	g.begin()
	for g.left > 0 {
		if exact {
			g.exactRound()
		} else {
			g.round()
		}
	}
	return g.p
}

// generator makes one program.
type generator struct {
	rand   *rand.Rand
	p      *Program
	size   Size
	left   int           // actions
	roots  []int         // roles that round 0 spawns, supervisors too
	plain  []int         // roles that are no supervisors
	later  []int         // roles that scripts spawn
	bosses []int         // supervisors within others
	hired  []int         // kids of a dynamic supervisor
	armed  map[int][]int // by role: the scripts of its timers
	held   int           // an exact program: who is suspended, and must not be asked; -1: nobody
}

// everybody carries out the script of a broadcast.
const everybody = 1 << 30

func (g *generator) has(f Feature) bool { return g.size.Without&f == 0 }

func (g *generator) chance(percent int) bool { return g.rand.IntN(100) < percent }

func (g *generator) pick(from []int) int { return from[g.rand.IntN(len(from))] }

// leaveOut leaves some of the features out: what is rare alone is rarer with others.
func (g *generator) leaveOut() {
	for _, f := range []Feature{Holds, Becomes, Asyncs, Idles, Moves, Keeps, Trees, Nests, Hirings} {
		if g.chance(40) {
			g.size.Without |= f
		}
	}
}

// roles makes the roles: some roots, some for later, and a supervisor with kids,
// of which one may be another supervisor.
func (g *generator) roles() {
	p := g.p
	if g.has(Groups) {
		p.Groups = 1 + g.rand.IntN(2)
	}
	for range 2 + g.rand.IntN(max(1, g.size.Roles-1)) {
		role := Role{Deaf: g.chance(25)}
		if !p.Exact && g.has(Bounds) && g.chance(15) {
			role.Bound = 1 + g.rand.IntN(3)
			role.Overflow = actor.Overflow(g.rand.IntN(4))
		}
		if g.has(Failures) && g.chance(8) {
			role.Fails = []What{PreStarted, PostStarted, PostStopped}[g.rand.IntN(3)]
		}
		n := len(p.Roles)
		p.Roles = append(p.Roles, role)
		g.plain = append(g.plain, n)
		if n > 0 && g.has(Links) && g.chance(50) {
			g.later = append(g.later, n)
		} else {
			g.roots = append(g.roots, n)
		}
	}
	if g.has(Supervisors) && g.has(Hirings) && g.chance(50) {
		g.hirer()
	}
	if !g.has(Supervisors) || g.chance(40) {
		return
	}
	top := g.supervisor()
	if g.has(Nests) && g.chance(60) {
		g.bosses = append(g.bosses, len(p.Roles))
		p.Roles = append(p.Roles, Role{Sup: top})
		nest := Kid{Role: len(p.Roles) - 1, Restart: g.restart()}
		top = g.supervisor()
		top.Kids = slices.Insert(top.Kids, g.rand.IntN(len(top.Kids)+1), nest)
	}
	g.roots = append(g.roots, len(p.Roles))
	p.Roles = append(p.Roles, Role{Sup: top})
}

// hirer makes a dynamic supervisor.
func (g *generator) hirer() {
	sup := g.supervisor()
	sup.Dynamic, sup.Strategy = true, supervisor.OneForOne
	for i := range sup.Kids {
		kid := &sup.Kids[i]
		g.hired = append(g.hired, kid.Role)
		g.p.Roles[kid.Role].Deaf = false
		kid.Restart, kid.Keep = sup.Kids[0].Restart, sup.Kids[0].Keep
	}
	g.roots = append(g.roots, len(g.p.Roles))
	g.p.Roles = append(g.p.Roles, Role{Sup: sup})
}

// hiring has a kid of a dynamic supervisor come or go.
func (g *generator) hiring() (Action, bool) {
	if len(g.hired) == 0 {
		return Action{}, false
	}
	return Action{Op: []Op{Hire, Hire, Fire}[g.rand.IntN(3)], Actor: g.pick(g.hired)}, true
}

// supervisor makes one, with its kids.
func (g *generator) supervisor() *Sup {
	sup := &Sup{
		Strategy: []supervisor.Strategy{supervisor.OneForOne, supervisor.OneForAll, supervisor.RestForOne}[g.rand.IntN(3)],
		Max:      1 + g.rand.IntN(3),
	}
	for range 1 + g.rand.IntN(3) {
		n := len(g.p.Roles)
		g.p.Roles = append(g.p.Roles, Role{Deaf: g.chance(25)})
		g.plain = append(g.plain, n)
		restart := g.restart()
		keep := g.has(Keeps) && restart != supervisor.Temporary && g.chance(50)
		sup.Kids = append(sup.Kids, Kid{Role: n, Restart: restart, Keep: keep})
	}
	return sup
}

func (g *generator) restart() supervisor.Restart {
	return []supervisor.Restart{
		supervisor.Permanent, supervisor.Permanent, supervisor.Transient, supervisor.Temporary,
	}[g.rand.IntN(4)]
}

// begin is round 0: the roots are spawned.
func (g *generator) begin() {
	script := make([]Action, 0, len(g.roots))
	for _, r := range g.roots {
		script = append(script, Action{Op: Spawn, Actor: r})
	}
	g.p.Rounds = append(g.p.Rounds, Round{Script: g.add(script), Settle: g.p.Exact || g.chance(50)})
}

func (g *generator) add(script []Action) int {
	g.p.Scripts = append(g.p.Scripts, script)
	return len(g.p.Scripts) - 1
}

// round is one in which anything may happen.
func (g *generator) round() {
	r := Round{Script: g.script(Outside, 0, g.anything), Settle: g.chance(30)}
	if g.has(Timers) && g.chance(40) {
		r.Sleep = time.Duration(1+g.rand.IntN(4)) * 10 * time.Millisecond
	}
	g.p.Rounds = append(g.p.Rounds, r)
}

// script makes a script for role by; what makes its actions.
func (g *generator) script(by, depth int, what func(by, depth int) (Action, bool)) int {
	n := g.add(nil) // its number is smaller than those that it sends
	var script, cancels []Action
	if by != Outside && !g.p.Exact && g.has(Stashes) && g.chance(15) {
		script = append(script, Action{Op: Stash, Actor: Self})
		g.p.Scripts[n] = script
	}
	if depth > 3 {
		return n
	}
	most := 4
	if by == Outside {
		most = 6
	}
	for range g.rand.IntN(most) + min(1, max(0, 2-depth)) {
		if g.left <= 0 {
			break
		}
		g.left--
		a, ok := what(by, depth)
		if !ok {
			continue
		}
		script = append(script, a)
		if g.p.Exact {
			continue
		}
		switch {
		case a.Op == SpawnLinked && g.has(Monitors) && g.chance(50): // a parent that is a monitor too
			script = append(script, Action{Op: Monitor, Actor: a.Actor})
		case a.Op == Every && by != Outside && g.chance(50): // a cancel that is due just before a tick
			last := g.add([]Action{{Op: Cancel, Script: a.Script}})
			script[len(script)-1] = Action{Op: After, Actor: Self, Script: last, Delay: a.Delay}
			script = append(script, a)
		case (a.Op == After || a.Op == Every) && g.chance(50):
			cancels = append(cancels, Action{Op: Cancel, Script: a.Script})
		}
	}
	g.p.Scripts[n] = append(script, cancels...)
	return n
}

// send makes a message with a script of its own.
func (g *generator) send(op Op, by, depth int, what func(by, depth int) (Action, bool)) (Action, bool) {
	a := Action{Op: op}
	next := by
	switch op {
	case Broadcast:
		if !g.has(Groups) {
			return a, false
		}
		a.Group, next = g.rand.IntN(g.p.Groups), everybody
		depth = max(depth, 2) // it goes to many
	case Call:
		var higher []int
		for _, r := range g.plain {
			if r > by && r != g.held {
				higher = append(higher, r)
			}
		}
		if !g.has(Calls) || len(higher) == 0 {
			return a, false
		}
		a.Actor = g.pick(higher)
		if next = a.Actor; !g.p.Exact && g.has(Holds) {
			a.Delay = time.Duration(1+g.rand.IntN(20)) * time.Millisecond
		}
	case After, Every:
		if !g.has(Timers) {
			return a, false
		}
		a.Delay = time.Duration(7+10*g.rand.IntN(3)) * time.Millisecond
		if op == After && !g.p.Exact && g.chance(50) {
			a.Delay = 0
		}
		if op == Every {
			a.Delay += 20 * time.Millisecond
			depth = 3
		}
		fallthrough
	default:
		if op == Then && !g.has(Calls) {
			return a, false
		}
		a.Actor = g.pick(g.plain)
		if by != Outside && g.chance(15) {
			a.Actor = Self
		} else {
			next = a.Actor
		}
		if op == Then && next == g.held {
			return a, false
		}
	}
	a.Script = g.script(next, depth+1, what)
	if op == After || op == Every {
		g.armed[by] = append(g.armed[by], a.Script)
	}
	return a, true
}

// anything makes an action of a program with races.
func (g *generator) anything(by, depth int) (Action, bool) {
	outside := by == Outside
	switch n := g.rand.IntN(100); {
	case n < 30:
		return g.send(Cast, by, depth, g.anything)
	case n < 37:
		return g.send(Call, by, depth, g.anything)
	case n < 42:
		if outside {
			return g.send(Call, by, depth, g.anything)
		}
		return g.send(Then, by, depth, g.anything)
	case n < 49:
		return g.send(Broadcast, by, depth, g.anything)
	case n < 54:
		return g.send(After, by, depth, g.anything)
	case n < 56:
		return g.send(Every, by, depth, g.anything)
	case n < 60:
		return g.cancel(by)
	case n < 68 && !outside:
		return Action{Op: Unstash, Actor: Self}, g.has(Stashes)
	case n < 75:
		return g.spawn(outside)
	case n < 83:
		return g.ending(by, g.chance(30))
	case outside:
		return g.operate(by, depth)
	case n < 88:
		return g.monitoring()
	case n < 92:
		return g.grouping()
	case n < 94:
		return g.idle(by, depth)
	case n < 97:
		return g.linking()
	default:
		return g.special()
	}
}

// special is what only actors do, and rarely.
func (g *generator) special() (Action, bool) {
	if g.chance(50) {
		return g.async()
	}
	return Action{Op: Become, Actor: Self}, g.has(Becomes)
}

// idle has it handle something when nothing comes. Without races that is to be no
// more. The delay is such that it is never due together with a timer.
func (g *generator) idle(by, depth int) (Action, bool) {
	a := Action{Op: Idle, Actor: Self, Delay: 13*time.Millisecond + 300*time.Microsecond}
	switch {
	case !g.has(Idles):
		return a, false
	case g.p.Exact:
		a.Script = g.add([]Action{{Op: Idle, Actor: Self}})
	case g.chance(30):
		a.Delay = 0
	default:
		// What it handles may call, for longer than the delay: if it did so again
		// and again, time would run away in the reference, which settles without end.
		a.Script = g.script(by, max(depth+1, 3), g.anything)
		g.p.Scripts[a.Script] = append([]Action{{Op: Idle, Actor: Self}}, g.p.Scripts[a.Script]...)
	}
	return a, true
}

// linking changes whose child somebody is. Without races that is nobody who
// watches others: those must have no parent (steady). Kids of supervisors stay.
func (g *generator) linking() (Action, bool) {
	who := g.later
	if !g.p.Exact {
		who = slices.Concat(g.later, g.roots)
	}
	if len(who) == 0 {
		return Action{}, false
	}
	return Action{Op: []Op{Link, Link, Unlink}[g.rand.IntN(3)], Actor: g.pick(who)}, g.has(Moves)
}

func (g *generator) async() (Action, bool) {
	return Action{Op: Async, Actor: Self, Group: g.rand.IntN(2)}, g.has(Asyncs)
}

// operate is what only Outside does.
func (g *generator) operate(by, depth int) (Action, bool) {
	a := Action{Actor: g.somebody()}
	switch n := g.rand.IntN(17); {
	case n < 3:
		a.Op = Suspend
		return a, g.has(Holds)
	case n < 7:
		a.Op = Resume
		return a, g.has(Holds)
	case n < 9:
		a.Op = StopTree
		return a, g.has(Trees)
	case n < 12 && len(g.hired) > 0:
		return g.hiring()
	default:
		return g.send(Cast, by, depth, g.anything)
	}
}

// felling stops the tree of somebody who watches nobody: what such a one is told of
// the ends below it would race with its own.
func (g *generator) felling() (Action, bool) {
	all := slices.DeleteFunc(slices.Concat(g.roots, g.bosses, g.plain), func(r int) bool {
		return g.p.Roles[r].Sup == nil && slices.Contains(g.roots, r)
	})
	if len(all) == 0 {
		return Action{}, false
	}
	return Action{Op: StopTree, Actor: g.pick(all)}, g.has(Trees)
}

// somebody is a role that is no supervisor; those that are spawned later come
// more often.
func (g *generator) somebody() int {
	if len(g.later) > 0 && g.chance(40) {
		return g.pick(g.later)
	}
	return g.pick(g.plain)
}

// anybody may be a supervisor too.
func (g *generator) anybody() int {
	if g.chance(10) {
		return g.pick(slices.Concat(g.roots, g.bosses))
	}
	return g.somebody()
}

// cancel cancels a timer that by has armed before, perhaps.
func (g *generator) cancel(by int) (Action, bool) {
	if len(g.armed[by]) == 0 {
		return Action{}, false
	}
	return Action{Op: Cancel, Script: g.pick(g.armed[by])}, true
}

func (g *generator) spawn(outside bool) (Action, bool) {
	if len(g.later) == 0 {
		return Action{}, false
	}
	a := Action{Op: SpawnLinked, Actor: g.pick(g.later)}
	if outside || g.chance(30) {
		a.Op = Spawn
	}
	return a, true
}

// ending ends itself, if it is an actor, or somebody.
func (g *generator) ending(by int, itself bool) (Action, bool) {
	ops := []Op{Stop, StopWith, Drain, Kill}
	if by == Outside {
		itself = false
	}
	if itself && g.has(Failures) {
		ops = append(ops, Fail, Panic, Goexit)
	}
	if !g.has(Ends) {
		ops = ops[4:]
	}
	if len(ops) == 0 {
		return Action{}, false
	}
	a := Action{Op: ops[g.rand.IntN(len(ops))], Actor: Self}
	if !itself {
		a.Actor = g.anybody()
	}
	return a, true
}

func (g *generator) monitoring() (Action, bool) {
	op := []Op{Monitor, MonitorMsg, MonitorMsg, Unmonitor, Demonitor}[g.rand.IntN(5)]
	return Action{Op: op, Actor: g.anybody()}, g.has(Monitors)
}

func (g *generator) grouping() (Action, bool) {
	if !g.has(Groups) {
		return Action{}, false
	}
	op := []Op{Join, Join, Leave, Watch}[g.rand.IntN(4)]
	return Action{Op: op, Actor: Self, Group: g.rand.IntN(g.p.Groups)}, true
}

// exactRound is one in which all talk, or one thing changes.
func (g *generator) exactRound() {
	if g.has(Holds) && g.chance(10) {
		g.standstill()
		return
	}
	r := Round{Settle: true}
	if g.chance(45) {
		r.Script = g.script(Outside, 0, g.talk)
	} else {
		r.Script = g.change()
	}
	if g.has(Timers) && g.chance(30) {
		r.Sleep = time.Duration(1+g.rand.IntN(4)) * 10 * time.Millisecond
	}
	g.p.Rounds = append(g.p.Rounds, r)
}

// standstill are rounds in which somebody is suspended while all the others talk.
// Nobody asks who is: a call would take until a deadline, and time must not pass
// for the timers of others; and an answer that its end gives would race with what
// else its end does.
func (g *generator) standstill() {
	who := g.pick(g.plain)
	do := func(a Action) {
		g.p.Rounds = append(g.p.Rounds, Round{Script: g.add([]Action{a}), Settle: true})
	}
	do(Action{Op: Suspend, Actor: who})
	g.held = who
	g.p.Rounds = append(g.p.Rounds, Round{Script: g.script(Outside, 0, g.talk), Settle: true})
	g.held = -1
	if g.chance(30) && g.has(Ends) {
		do(Action{Op: []Op{Stop, StopWith, Kill}[g.rand.IntN(3)], Actor: who}) // a drain would race with what is queued
	}
	if !g.has(Timers) {
		do(Action{Op: Call, Actor: who, Script: g.add(nil), Delay: 7 * time.Millisecond})
	}
	do(Action{Op: Resume, Actor: who})
}

// talk makes an action that commutes with all others of its round.
func (g *generator) talk(by, depth int) (Action, bool) {
	switch n := g.rand.IntN(100); {
	case n < 60:
		return g.send(Cast, by, depth, g.talk)
	case n < 75:
		return g.send(Call, by, depth, g.talk)
	case n < 80 && by != Outside:
		return g.send(Then, by, depth, g.talk)
	case n < 84 && by != Outside:
		return g.async()
	case n < 91:
		return g.send(Broadcast, by, depth, g.talk)
	case n < 98:
		return g.send(After, by, depth, g.talk)
	default:
		return g.send(Every, by, depth, g.talk)
	}
}

// change makes a script that changes one thing, from outside or by an actor.
func (g *generator) change() int {
	g.left -= 2
	n := g.add(nil)
	by := g.pick(g.plain)
	var (
		a  Action
		ok bool
	)
	switch x := g.rand.IntN(100); {
	case x < 25: // from outside
		switch {
		case x < 4:
			a, ok = g.felling()
		case x < 10:
			a, ok = g.hiring()
		default:
			a, ok = g.ending(Outside, false)
		}
		if ok {
			g.p.Scripts[n] = []Action{a}
		}
		return n
	case x < 40:
		a, ok = g.ending(by, true)
	case x < 55:
		a, ok = g.spawn(false)
	case x < 60:
		for _, r := range g.plain {
			if len(g.armed[r]) > 0 {
				by = r
			}
		}
		a, ok = g.cancel(by)
	case x < 78:
		a, ok = g.grouping()
	case x < 82:
		a, ok = g.special()
	case x < 86:
		a, ok = g.idle(by, 0)
	case x < 91:
		a, ok = g.linking()
	default:
		a, ok = g.monitoring()
	}
	if !ok {
		return n
	}
	if a.Op >= Monitor && a.Op <= Demonitor || a.Op == Watch {
		by = g.steady(by)
		if by < 0 {
			return n
		}
	}
	m := Action{Op: Cast, Actor: by, Script: g.add(nil)}
	var script []Action
	if a.ends() && g.chance(50) { // something is in its mailbox when it ends
		script = append(script, Action{Op: Cast, Actor: Self, Script: g.add(nil)})
	}
	g.p.Scripts[m.Script] = append(script, a)
	g.p.Scripts[n] = []Action{m}
	return n
}

// steady returns who may watch others without a race: one that has no parent,
// whose end could overtake what it is told, and that no child stops.
func (g *generator) steady(by int) int {
	for _, r := range append([]int{by}, g.roots...) {
		if role := g.p.Roles[r]; role.Sup == nil && !role.Deaf && slices.Contains(g.roots, r) {
			return r
		}
	}
	return -1
}

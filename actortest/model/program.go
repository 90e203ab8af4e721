package model

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/supervisor"
)

// Program is what some actors do, as data. Whoever handles a message carries out
// the script whose number is in it; scripts send only scripts with larger
// numbers, so every program comes to an end.
type Program struct {
	Seed    uint64
	Exact   bool // every execution must have the facts of the reference's
	Groups  int
	Roles   []Role
	Scripts [][]Action
	Rounds  []Round
}

// Role is an actor of a program; it is known by its number. It is spawned by
// nobody, once, or, as the kid of a supervisor, again and again.
type Role struct {
	Deaf     bool           // has no HandleSupervision
	Bound    int            // of the mailbox; 0: none
	Overflow actor.Overflow // of a bounded one
	Fails    What           // the callback that fails: Started, PostStarted, Stopped; 0: none
	Sup      *Sup           // nil: a plain actor
}

// Sup is what makes a role a supervisor.
type Sup struct {
	Strategy supervisor.Strategy
	Max      int // restarts, in a time longer than any program
	Kids     []Kid
	Dynamic  bool // has no kids until they are hired; they differ in nothing but their roles
}

// Kid is a child of a supervisor, perhaps one itself, with a smaller number.
type Kid struct {
	Role    int
	Restart supervisor.Restart
	Keep    bool // KeepMailbox
}

// Round is what is done from outside: a script is carried out, then everybody
// comes to rest, if it is to, and some time passes.
type Round struct {
	Script int
	Settle bool
	Sleep  time.Duration
}

// Action is one thing that a script does.
type Action struct {
	Op     Op
	Actor  int           // whom it concerns; Self: whoever does it
	Script int           // what a message tells its receiver to do; of Cancel, the timer
	Group  int           // Join, Leave, Broadcast, Watch
	Delay  time.Duration // After, Every; of Call, how long it waits; 0: for ever
}

// Self is the Actor of an action that an actor does to itself, Outside whoever
// carries out the rounds.
const (
	Self    = -1
	Outside = -1
)

// Op is what an action does.
type Op uint8

// The ops. Those up to Broadcast send.
const (
	Cast Op = iota
	Call
	Then
	Broadcast
	After
	Every
	Cancel
	Stash // the message itself, the first time that it comes; the rest of the script waits
	Unstash
	Spawn
	SpawnLinked
	Stop
	StopWith
	Drain
	Kill
	Fail
	Panic
	Goexit
	Monitor
	Unmonitor
	MonitorMsg
	Demonitor
	Join
	Leave
	Watch // a group
	Suspend
	Resume
	Become // another handler, or itself again
	Async  // Group 1: the function panics
	Idle   // no Delay: not any more
	Link   // as a child
	Unlink
	StopTree
	Hire // a kid of a dynamic supervisor, once
	Fire
	ops
)

var opNames = [ops]string{
	"casts", "calls", "asks", "broadcasts", "after", "every", "cancels", "stashes", "unstashes", "spawns", "spawns linked",
	"stops", "stops with a reason", "drains", "kills", "fails", "panics", "ends its goroutine", "monitors", "unmonitors",
	"monitors by message", "demonitors", "joins", "leaves", "watches",
	"suspends", "resumes", "becomes another", "has done", "idle for", "links", "unlinks", "stops the tree of", "hires", "fires",
}

// String returns what whoever does it does.
func (o Op) String() string {
	if o < ops {
		return opNames[o]
	}
	return fmt.Sprintf("Op(%d)", uint8(o))
}

// sends says whether the action has a message.
func (a Action) sends() bool { return a.Op <= Every || a.Op == Idle && a.Delay > 0 }

// ends says whether the action ends somebody.
func (a Action) ends() bool { return a.Op >= Stop && a.Op <= Goexit }

// String is the action for people.
func (a Action) String() string {
	text := a.Op.String()
	switch a.Op {
	case Broadcast:
		return fmt.Sprintf("%s to g%d: script %d", text, a.Group, a.Script)
	case After, Every:
		return fmt.Sprintf("%s %v casts %s: script %d", text, a.Delay, who(a.Actor), a.Script)
	case Idle:
		if a.Delay == 0 {
			return "never idle"
		}
		return fmt.Sprintf("%s %v handles script %d", text, a.Delay, a.Script)
	case Cancel:
		return fmt.Sprintf("%s the timer of script %d", text, a.Script)
	case Join, Leave, Watch:
		return fmt.Sprintf("%s g%d", text, a.Group)
	case Stash, Unstash, Fail, Panic, Goexit, Become, Async:
		return text
	}
	text = fmt.Sprintf("%s %s", text, who(a.Actor))
	if a.Delay > 0 {
		text += fmt.Sprintf(", for %v at most", a.Delay)
	}
	if a.sends() {
		text += fmt.Sprintf(": script %d", a.Script)
	}
	return text
}

func who(role int) string {
	if role == Self {
		return "itself"
	}
	return fmt.Sprintf("r%d", role)
}

// Size is how many actions the program has that something leads to.
func (p *Program) Size() int {
	n := 0
	for script := range p.used().scripts {
		n += len(p.Scripts[script])
	}
	return n
}

// Table writes the program for people. Scripts that nobody carries out any more,
// and roles that nobody spawns, are left out.
func (p *Program) Table(w io.Writer) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	kind := "with races"
	if p.Exact {
		kind = "without races"
	}
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(tw, format+"\n", args...) }
	line("program %d, %s", p.Seed, kind)
	used := p.used()
	for i, r := range p.Roles {
		if used.roles[i] {
			line("r%d\t%v", i, r)
		}
	}
	for i, r := range p.Rounds {
		after := ""
		if r.Settle {
			after = ", settle"
		}
		if r.Sleep > 0 {
			after += fmt.Sprintf(", sleep %v", r.Sleep)
		}
		line("round %d\tscript %d%s", i, r.Script, after)
	}
	for i, script := range p.Scripts {
		if used.scripts[i] {
			texts := make([]string, len(script))
			for j, a := range script {
				texts[j] = a.String()
			}
			line("script %d\t%s", i, strings.Join(texts, "; "))
		}
	}
	_ = tw.Flush()
}

// String is the program for people.
func (p *Program) String() string {
	var b strings.Builder
	p.Table(&b)
	return b.String()
}

// String is the role for people.
func (r Role) String() string {
	if r.Sup != nil {
		kids := make([]string, len(r.Sup.Kids))
		for i, k := range r.Sup.Kids {
			if kids[i] = fmt.Sprintf("r%d %v", k.Role, k.Restart); k.Keep {
				kids[i] += ", keeps its mailbox"
			}
		}
		if r.Sup.Dynamic {
			return fmt.Sprintf("dynamic supervisor, at most %d restarts: %s", r.Sup.Max, strings.Join(kids, "; "))
		}
		return fmt.Sprintf("supervisor %v, at most %d restarts: %s", r.Sup.Strategy, r.Sup.Max, strings.Join(kids, "; "))
	}
	text := "actor"
	if r.Deaf {
		text += ", deaf"
	}
	if r.Bound > 0 {
		text += fmt.Sprintf(", bound %d (%v)", r.Bound, r.Overflow)
	}
	if r.Fails != 0 {
		text += fmt.Sprintf(", fails in %v", r.Fails)
	}
	return text
}

// above is the supervisor of a role; -1: there is none.
func (p *Program) above(role int) int {
	return slices.IndexFunc(p.Roles, func(x Role) bool {
		return x.Sup != nil && slices.ContainsFunc(x.Sup.Kids, func(k Kid) bool { return k.Role == role })
	})
}

type use struct{ roles, scripts map[int]bool }

// used finds what rounds lead to.
func (p *Program) used() use {
	u := use{map[int]bool{}, map[int]bool{}}
	var spawns func(role int)
	spawns = func(role int) {
		u.roles[role] = true
		if s := p.Roles[role].Sup; s != nil {
			for _, k := range s.Kids {
				spawns(k.Role)
			}
		}
	}
	var walk func(script int)
	walk = func(script int) {
		if u.scripts[script] {
			return
		}
		u.scripts[script] = true
		for _, a := range p.Scripts[script] {
			if a.sends() {
				walk(a.Script)
			}
			if a.Op == Spawn || a.Op == SpawnLinked {
				spawns(a.Actor)
			}
		}
	}
	for _, r := range p.Rounds {
		walk(r.Script)
	}
	return u
}

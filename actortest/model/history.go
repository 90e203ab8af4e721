package model

import (
	"fmt"
	"time"

	"github.com/ractor-go/ractor/actor"
)

// Life is one incarnation of a role, the first is number 1; Outside has one only.
// One that is revived, with its mailbox, is the same: its PreStart comes again.
type Life struct{ Role, N int }

// String names it.
func (l Life) String() string {
	switch {
	case l.Role == Outside:
		return "outside"
	case l.N == 1:
		return fmt.Sprintf("r%d", l.Role)
	}
	return fmt.Sprintf("r%d#%d", l.Role, l.N)
}

// Tag is what tells a message from all others: who has sent it, the how-manieth
// of that one it is, and the script that is in it. The messages of one broadcast,
// and those of one periodic timer, have the same.
type Tag struct {
	From   Life
	Seq    int
	Script int
}

// String names it.
func (t Tag) String() string { return fmt.Sprintf("%v/%d (script %d)", t.From, t.Seq, t.Script) }

// What is the kind of an entry.
type What uint8

// What is noted: callbacks up to PostStopped, then what is done in them.
const (
	Nothing What = iota

	PreStarted  // PreStart
	PostStarted // PostStart
	Handled     // a message; N: ticks that were missed; Op: Become, by the other handler
	Stashed     // the same, but it was kept for later
	Evented     // an event: Who, Note
	Downed      // a Down: Who, Note
	Answered    // the continuation of Asked
	Changed     // a change of group N: Joined, Left
	Returned    // the continuation of Offloaded; Note is its error
	PostStopped // PostStop has begun

	Sent        // a Cast; Note is its error
	Called      // a Call, when it has returned; Note is its error
	Asked       // Then
	Broadcasted // N members took it
	Armed       // a timer, for Who; D
	Ticking     // a periodic one
	Cancelled   // N is 1: in time
	Unstashed   // N messages
	Spawned     // Who; Note is the error
	Ordered     // Op for Who
	Failing     // Op: the callback is about to fail
	Monitored   // Op: Monitor, Unmonitor, MonitorMsg, Demonitor
	Joined      // group N
	Left        // group N
	Watched     // group N
	Held        // Op: Suspend, Resume; Note is the error
	Offloaded   // Async; N is 1: the function panics
	Idled       // D; 0: not any more
	Linked      // Op: Link, with the error in Note; Unlink, N is 1: it was a child
	Became      // N is 1: another handler; 0: its own again
	whats
)

var whatNames = [whats]string{
	"nothing", "PreStart", "PostStart", "handles", "keeps", "is told", "is down", "has the answer to", "hears of", "has the result of", "PostStop",
	"has cast", "has called", "has asked", "has broadcast", "has armed", "has armed, periodically,", "has cancelled",
	"has unstashed", "has spawned", "has ended", "fails", "monitors", "has joined", "has left", "watches",
	"has held", "has given to others", "idles", "has linked", "has become",
}

// String is a verb.
func (w What) String() string {
	if w < whats {
		return whatNames[w]
	}
	return fmt.Sprintf("What(%d)", uint8(w))
}

// Entry is one line of a record.
type Entry struct {
	What  What
	Op    Op
	Who   Life // the other one
	Tag   Tag
	Note  string // why, as reason gives it
	N     int
	D     time.Duration // of a timer, of a call's patience
	Added []Life        // Changed: who has joined
	Gone  []Life        // Changed: who has left

	At    time.Duration // on the System's clock
	Stamp int           // its place among all entries; 0 where nobody can know
	Began int           // Sent, Held: the stamp of its beginning
	Since time.Duration // Called: when it began

	id    actor.ID   // of Who, until it is looked up
	added []actor.ID // of Added
	gone  []actor.ID // of Gone
}

// String is the entry for people.
func (e Entry) String() string {
	text := fmt.Sprintf("%v", e.What)
	switch e.What {
	case Ordered, Failing, Monitored, Held, Linked:
		text += fmt.Sprintf(" (%v)", e.Op)
	}
	if e.What == Handled && e.Op == Become {
		text += " otherwise"
	}
	if e.Who != (Life{}) {
		text += fmt.Sprintf(" %v", e.Who)
	}
	if e.Tag != (Tag{}) {
		text += fmt.Sprintf(" %v", e.Tag)
	}
	if e.N != 0 {
		text += fmt.Sprintf(" n=%d", e.N)
	}
	if e.Note != "" {
		text += fmt.Sprintf(" %q", e.Note)
	}
	if e.What == Changed {
		text += fmt.Sprintf(" +%v -%v", e.Added, e.Gone)
	}
	return fmt.Sprintf("%v %s", e.At, text)
}

// Record is what one incarnation has noted, in the order of its callbacks.
type Record struct {
	Life  Life
	Log   []Entry
	End   string   // why it has ended, as its monitors were told; "" if it has not
	Wrong []string // what it has seen itself that must not be

	Crossings int // to Stopping
	Crossed   int // the stamp of that

	id actor.ID
}

// Letter is a dead letter.
type Letter struct {
	To   Life
	Tag  Tag
	Note string // why
}

// History is an execution of a program.
type History struct {
	Program *Program
	Records []*Record         // the first is that of Outside; the incarnations of a role are in order
	Letters []Letter          // in the order in which they were told
	Counts  map[string]uint64 // dead letters by reason, those included that nobody was told of
	Final   []string          // what there was before all were stopped: members and states
	Stamps  bool              // entries have stamps
}

package model

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/supervisor"
)

// Check says what in a history no execution may contain, whatever the order of
// its events was. Each rule is a function of its own.
func Check(h *History) error {
	c := newChecker(h)
	for _, r := range h.Records {
		for _, wrong := range r.Wrong {
			c.sayf("%v: %s", r.Life, wrong)
		}
		if r.Life.Role == Outside {
			continue
		}
		c.life(r)
		c.events(r)
		c.downs(r)
		c.groups(r)
		c.stash(r)
		c.becomes(r)
		c.asyncs(r)
		c.idles(r)
		if h.Stamps {
			c.orders(r)
			c.holds(r)
			c.leavesFirst(r)
		}
	}
	c.pairs()
	c.accounts()
	c.letters()
	c.calls()
	c.timers()
	c.supervisors()
	return errors.Join(c.wrong...)
}

// checker has the indexes that the rules need.
type checker struct {
	h       *History
	op      []Op // by script: how it is sent
	records map[Life]*Record
	handled map[delivery][]Entry // without those that were kept
	kept    map[delivery]int
	dead    map[delivery][]Letter
	lost    map[delivery]bool // failed in the handler, of who was to be kept; true: and was
	wrong   []error
}

// delivery is a message and its receiver.
type delivery struct {
	to  Life
	tag Tag
}

func newChecker(h *History) *checker {
	c := &checker{
		h:       h,
		op:      make([]Op, len(h.Program.Scripts)),
		records: map[Life]*Record{},
		handled: map[delivery][]Entry{},
		kept:    map[delivery]int{},
		dead:    map[delivery][]Letter{},
		lost:    map[delivery]bool{},
	}
	for _, script := range h.Program.Scripts {
		for _, a := range script {
			if a.sends() {
				c.op[a.Script] = a.Op
			}
		}
	}
	for _, r := range h.Records {
		c.records[r.Life] = r
		var last delivery
		for i, e := range r.Log {
			switch d := (delivery{r.Life, e.Tag}); e.What {
			case PreStarted:
				if i > 0 {
					c.lost[last] = true
				}
			case Failing:
				if _, known := c.lost[last]; !known && c.keeps(r.Life.Role) {
					c.lost[last] = false
				}
			case Handled:
				last = d
				c.handled[d] = append(c.handled[d], e)
			case Stashed:
				c.kept[d]++
			}
		}
	}
	for _, l := range h.Letters {
		d := delivery{l.To, l.Tag}
		c.dead[d] = append(c.dead[d], l)
	}
	return c
}

func (c *checker) sayf(format string, args ...any) {
	c.wrong = append(c.wrong, fmt.Errorf(format, args...))
}

// keeps says whether a role is spawned with KeepMailbox.
func (c *checker) keeps(role int) bool {
	above := c.h.Program.above(role)
	return above >= 0 && slices.ContainsFunc(c.h.Program.Roles[above].Sup.Kids, func(k Kid) bool { return k.Role == role && k.Keep })
}

// ends is how often a message has come to an end. What was handled, and failed in
// who was kept, is a dead letter too.
func (c *checker) ends(d delivery) int {
	n := len(c.handled[d]) + len(c.dead[d])
	if _, lost := c.lost[d]; lost && slices.ContainsFunc(c.dead[d], func(l Letter) bool { return l.Note == "failed" }) {
		n--
	}
	return n
}

func (c *checker) isTimer(tag Tag) bool {
	op := c.op[tag.Script]
	return op == After || op == Every || op == Idle
}

// life: the callbacks of an actor come in their order, once each, and PostStop
// only where it should (rows L1, L2, L5).
func (c *checker) life(r *Record) {
	count := map[What]int{}
	failed := false
	for _, e := range r.Log {
		if e.What > PostStopped {
			if e.What == Failing {
				failed = true
			}
			continue
		}
		if e.What == PreStarted && failed && c.keeps(r.Life.Role) { // revived
			count, failed = map[What]int{}, false
		}
		switch {
		case e.What == PreStarted && len(count) > 0:
			c.sayf("%v: PreStart is not its first callback", r.Life)
		case e.What > PostStarted && count[PostStarted] == 0:
			c.sayf("%v: %v before PostStart", r.Life, e.What)
		case count[PostStopped] > 0:
			c.sayf("%v: %v after PostStop", r.Life, e.What)
		case failed:
			c.sayf("%v: %v after a callback that has failed", r.Life, e.What)
		}
		count[e.What]++
	}
	for _, w := range []What{PreStarted, PostStarted, PostStopped} {
		if count[w] > 1 {
			c.sayf("%v: %d times %v", r.Life, count[w], w)
		}
	}
	if count[PreStarted] == 0 {
		c.sayf("%v: no PreStart", r.Life)
	}
	if r.Crossings != 1 {
		c.sayf("%v: %d crossings to Stopping", r.Life, r.Crossings)
	}
	graceful := r.End == "normal" || r.End == "reason" || r.End == "in PostStop"
	switch {
	case graceful && count[PostStopped] == 0:
		c.sayf("%v: ends %q without PostStop", r.Life, r.End)
	case !graceful && r.End != "killed" && count[PostStopped] > 0: // a kill may come after it
		c.sayf("%v: ends %q with PostStop", r.Life, r.End)
	case graceful && failed && r.End != "in PostStop":
		c.sayf("%v: ends %q though a callback has failed", r.Life, r.End)
	}
}

// pairs: what one has sent to another is handled in the order in which it was
// sent (row P8). A message that was kept, or came by a timer, has its own place.
func (c *checker) pairs() {
	for _, r := range c.h.Records {
		last := map[Life]Tag{}
		for _, e := range r.Log {
			if e.What != Handled && e.What != Stashed || c.isTimer(e.Tag) ||
				e.What == Handled && c.kept[delivery{r.Life, e.Tag}] > 0 {
				continue
			}
			if before, ok := last[e.Tag.From]; ok && before.Seq >= e.Tag.Seq {
				c.sayf("%v: %v after %v, which was sent later", r.Life, e.Tag, before)
			}
			last[e.Tag.From] = e.Tag
		}
	}
}

// accounts: what was accepted was handled or is a dead letter, once; what was not
// accepted was neither.
func (c *checker) accounts() {
	claimed := map[delivery]bool{} // known from here on
	settle := func(d delivery, least, most int, what string) {
		claimed[d] = true
		if n := c.ends(d); n < least || n > most {
			c.sayf("%v to %v, %s: handled %d times, %d dead letters", d.tag, d.to, what, len(c.handled[d]), len(c.dead[d]))
		}
	}
	answers := map[Tag]string{}
	cancelled := map[Tag]bool{}
	idled := map[delivery]bool{}
	for _, r := range c.h.Records {
		for _, e := range r.Log {
			switch {
			case e.What == Answered:
				answers[e.Tag] = e.Note
			case e.What == Cancelled && e.N == 1:
				cancelled[e.Tag] = true
			}
		}
	}
	for _, r := range c.h.Records {
		for _, e := range r.Log {
			d := delivery{e.Who, e.Tag}
			refused := e.Note != ""
			switch e.What {
			case Sent:
				settle(d, one(!refused), one(!refused), "cast, with the error "+fmt.Sprintf("%q", e.Note))
			case Called:
				switch e.Note {
				case "", "no reply":
					settle(d, 1, 1, "called")
				case "killed", "deadline": // before or after it was sent
					settle(d, 0, 1, "called, and "+e.Note+" meanwhile")
				default:
					settle(d, 0, 0, "called, with the error "+e.Note)
				}
			case Asked:
				switch note, answered := answers[e.Tag]; {
				case !answered:
					settle(d, 0, 1, "asked, and never answered")
				case note == "" || note == "no reply":
					settle(d, 1, 1, "asked")
				default:
					settle(d, 0, 0, "asked, with the error "+note)
				}
			case Armed:
				least, most := 0, 1
				if refused || cancelled[e.Tag] {
					most = 0
				}
				settle(d, least, most, "sent by a timer")
			case Ticking:
				claimed[d] = true
			case Idled:
				idled[delivery{r.Life, e.Tag}] = true
				claimed[delivery{r.Life, e.Tag}] = true
			case Broadcasted:
				n := 0
				for life := range c.records {
					d := delivery{life, e.Tag}
					claimed[d] = true
					if c.ends(d) > 1 {
						c.sayf("%v, broadcast: %v has it %d times", e.Tag, life, c.ends(d))
					}
					n += c.ends(d)
				}
				if n != e.N {
					c.sayf("%v, broadcast to %d: %d have it", e.Tag, e.N, n)
				}
			}
		}
	}
	for d, kept := range c.lost {
		if kept && !idled[d] && len(c.dead[d]) == 0 { // what Idle makes was never sent
			c.sayf("%v to %v: failed in who was kept, and is no dead letter", d.tag, d.to)
		}
	}
	for d := range c.handled {
		if !claimed[d] {
			c.sayf("%v to %v: handled, but nobody has sent it", d.tag, d.to)
		}
	}
	for d := range c.dead {
		if !claimed[d] {
			c.sayf("%v to %v: a dead letter, but nobody has sent it", d.tag, d.to)
		}
	}
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// letters: a dead letter's reason is how its actor has ended, and the counters
// say the same.
func (c *checker) letters() {
	told := map[string]uint64{}
	for _, l := range c.h.Letters {
		told[counted[l.Note]]++
		r := c.records[l.To]
		if r == nil {
			c.sayf("dead letter %v to %v, whom nobody has seen", l.Tag, l.To)
			continue
		}
		graceful := r.End == "normal" || r.End == "reason" || r.End == "in PostStop"
		legal := false
		switch l.Note {
		case "stopped":
			// Also what a timer has sent too late; and what was pushed while the
			// actor ended, which happens on workers only: then who has pushed it
			// discards it, whatever the end was.
			legal = graceful || c.isTimer(l.Tag) || !c.h.Stamps
		case "killed":
			legal = r.End == "killed"
		case "failed":
			legal = !graceful && r.End != "killed" || r.End == "in PostStop" || c.keeps(r.Life.Role)
		case "full":
			legal = c.h.Program.Roles[l.To.Role].Bound > 0
		case "expired":
			op := c.op[l.Tag.Script]
			legal = op == Call || op == Then
		}
		if !legal {
			c.sayf("dead letter %v to %v, which ends %q: %q", l.Tag, l.To, r.End, l.Note)
		}
	}
	// Continuations, Downs and changes are counted only; supervisors have some of
	// their own, at most one for each incarnation of a kid.
	untold := uint64(0)
	for _, role := range c.h.Program.Roles {
		if role.Sup != nil {
			untold += uint64(len(c.h.Records))
		}
	}
	for _, r := range c.h.Records {
		for _, e := range r.Log {
			switch e.What {
			case Asked, Cancelled, Offloaded, Idled:
				untold++
			case Monitored:
				untold++
			case Joined, Left, Watched:
				untold += uint64(2 * len(c.h.Records))
			}
		}
	}
	for _, why := range slices.Sorted(maps.Keys(told)) {
		if n := c.h.Counts[why]; n < told[why] || n > told[why]+untold {
			c.sayf("dead letters (%s): %d were told of, %d counted", why, told[why], n)
		}
	}
}

// events: an actor is told of a Started once, then of one end, which is the one
// that has happened; twice if it is the parent and a monitor too.
func (c *checker) events(r *Record) {
	type ends struct{ started, ended int }
	seen := map[Life]*ends{}
	monitors, linked := map[Life]int{}, map[Life]bool{}
	known := map[Life]bool{} // to the present value
	for _, e := range r.Log {
		switch {
		case e.What == PreStarted:
			clear(known)
		case e.What == Monitored && e.Op == Monitor:
			monitors[e.Who]++
			known[e.Who] = true
		case e.What == Spawned && e.Op == SpawnLinked, e.What == Linked && e.Op == Link && e.Note == "":
			linked[e.Who], known[e.Who] = true, true
		}
		if e.What != Evented {
			continue
		}
		s := seen[e.Who]
		if s == nil {
			s = &ends{}
			seen[e.Who] = s
		}
		if c.h.Program.Roles[r.Life.Role].Deaf {
			c.sayf("%v, which is deaf: %v", r.Life, e)
		}
		if !known[e.Who] {
			c.sayf("%v: told of %v, whom it does not know", r.Life, e.Who)
		}
		switch e.Note {
		case "started":
			if s.started++; s.ended > 0 && s.started > one(monitors[e.Who] > 0) {
				c.sayf("%v: Started of %v after its end", r.Life, e.Who)
			}
			continue
		case "noproc":
		default:
			s.ended++
		}
		c.sameEnd(r, e)
		if e.N == 1 && !linked[e.Who] {
			c.sayf("%v: has the state of %v, who is no child of it", r.Life, e.Who)
		}
	}
	for who, s := range seen {
		most := one(monitors[who] > 0) + one(linked[who])
		if s.started > most || s.ended > max(most, monitors[who]+one(linked[who])) {
			c.sayf("%v: told %d times of the start of %v, and %d times of its end", r.Life, s.started, who, s.ended)
		}
	}
}

// sameEnd: what r was told of somebody's end is what has happened.
func (c *checker) sameEnd(r *Record, e Entry) {
	dead := c.records[e.Who]
	if dead == nil || e.Note == "noproc" {
		return // a supervisor
	}
	end := e.Note
	if end == "stopped" || end == "drained" || end == "" {
		end = "normal"
	}
	failed := dead.End != "normal" && dead.End != "killed" && dead.End != "reason"
	if end != dead.End && (end != "failed" || !failed) {
		c.sayf("%v: told that %v has ended with %q, which was %q", r.Life, e.Who, e.Note, dead.End)
	}
}

// downs: a Down comes once for each MonitorMsg, after all messages of the dead.
func (c *checker) downs(r *Record) {
	asked := map[Life]int{}
	down := map[Life]bool{}
	for _, e := range r.Log {
		switch {
		case e.What == PreStarted:
			clear(asked)
		case e.What == Monitored && e.Op == MonitorMsg:
			asked[e.Who]++
		case e.What == Downed:
			if asked[e.Who]--; asked[e.Who] < 0 {
				c.sayf("%v: a Down of %v too many", r.Life, e.Who)
			}
			c.sameEnd(r, e)
			down[e.Who] = true
		case (e.What == Handled || e.What == Stashed) && down[e.Tag.From] && !c.isTimer(e.Tag) &&
			c.kept[delivery{r.Life, e.Tag}] == 0:
			c.sayf("%v: %v after the Down of its sender", r.Life, e.Tag)
		}
	}
}

// groups: joins and leaves alternate, and who has joined and lives is a member.
// A mailbox that drops messages drops these too.
func (c *checker) groups(r *Record) {
	role := c.h.Program.Roles[r.Life.Role]
	if role.Bound > 0 && (role.Overflow == actor.DropNewest || role.Overflow == actor.DropOldest) {
		return
	}
	member := map[int]map[Life]bool{}
	for _, e := range r.Log {
		if e.What != Changed {
			continue
		}
		in := member[e.N]
		if in == nil {
			in = map[Life]bool{}
			member[e.N] = in
		}
		for _, l := range e.Added {
			if in[l] {
				c.sayf("%v: %v joins group %d twice", r.Life, l, e.N)
			}
			in[l] = true
		}
		for _, l := range e.Gone {
			if !in[l] {
				c.sayf("%v: %v leaves group %d, in which it is not", r.Life, l, e.N)
			}
			in[l] = false
		}
		for _, l := range slices.Concat(e.Added, e.Gone) {
			if c.records[l] == nil {
				c.sayf("%v: hears of %v in group %d, whom nobody has seen", r.Life, l, e.N)
			}
		}
	}
}

// stash: what was unstashed comes next, in the order in which it was kept.
func (c *checker) stash(r *Record) {
	var stash, late []Tag
	for i, e := range r.Log {
		switch e.What {
		case PreStarted: // again: what was kept is first
			stash, late = nil, append(stash, late...)
		case Stashed:
			if len(late) > 0 {
				c.sayf("%v: keeps %v while %v is first", r.Life, e.Tag, late[0])
			}
			stash = append(stash, e.Tag)
		case Unstashed:
			if e.N != len(stash) && (e.N != 0 || !c.killedBefore(r, i)) {
				c.sayf("%v: unstashes %d of %d", r.Life, e.N, len(stash))
			}
			if e.N > 0 {
				late, stash = append(slices.Clone(stash), late...), nil
			}
		case Handled:
			switch {
			case len(late) == 0 && c.kept[delivery{r.Life, e.Tag}] > 0:
				c.sayf("%v: handles %v, which it has kept", r.Life, e.Tag)
			case len(late) > 0 && late[0] != e.Tag:
				c.sayf("%v: handles %v while %v is first", r.Life, e.Tag, late[0])
			case len(late) > 0:
				late = late[1:]
			}
		case Answered, Downed, Changed, Returned:
			if len(late) > 0 {
				c.sayf("%v: %v while %v is first", r.Life, e, late[0])
			}
		}
	}
}

// becomes: messages are handled by who has become the handler last.
func (c *checker) becomes(r *Record) {
	other := Op(0)
	for _, e := range r.Log {
		switch {
		case e.What == PreStarted:
			other = 0
		case e.What == Became:
			other = Op(e.N) * Become
		case e.What == Handled && e.Op != other:
			c.sayf("%v: %v, by the wrong handler", r.Life, e)
		}
	}
}

// asyncs: what is done elsewhere has one result at most, which is its own.
func (c *checker) asyncs(r *Record) {
	open := map[Tag]string{}
	for _, e := range r.Log {
		switch e.What {
		case PreStarted:
			clear(open)
		case Offloaded:
			open[e.Tag] = []string{"", "panic"}[e.N]
		case Returned:
			if want, ok := open[e.Tag]; !ok || want != e.Note {
				c.sayf("%v: %v, where %q was to come, or nothing", r.Life, e, want)
			}
			delete(open, e.Tag)
		}
	}
}

// idles: what comes when nothing has comes no sooner, and only what was asked for
// last.
func (c *checker) idles(r *Record) {
	var idle Entry
	last := time.Duration(0)
	for _, e := range r.Log {
		switch e.What {
		case PreStarted:
			idle = Entry{}
		case Idled:
			idle, last = e, e.At
		case Handled, Stashed, Downed, Changed:
			if c.op[e.Tag.Script] == Idle && e.Tag != (Tag{}) && (e.What == Stashed || c.kept[delivery{r.Life, e.Tag}] == 0) &&
				(e.Tag != idle.Tag || e.At < last+idle.D) {
				c.sayf("%v: %v, though something has come at %v, and it idles %v with %v", r.Life, e, last, idle.D, idle.Tag)
			}
			last = e.At
		}
	}
}

// killedBefore says that r was perhaps killed when it made an entry.
func (c *checker) killedBefore(r *Record, i int) bool {
	return r.End == "killed" && (!c.h.Stamps || r.Crossed < r.Log[i].Stamp)
}

// calls: who has an answer has it of somebody who has handled the request, and
// who has none has asked somebody who has not, or who has ended.
func (c *checker) calls() {
	for _, r := range c.h.Records {
		answered := map[Tag]bool{}
		for _, e := range r.Log {
			if e.What == Answered {
				if answered[e.Tag] {
					c.sayf("%v: two answers to %v", r.Life, e.Tag)
				}
				answered[e.Tag] = true
			}
			if e.What != Called && e.What != Answered {
				continue
			}
			d := delivery{e.Who, e.Tag}
			switch {
			case e.Note == "" && len(c.handled[d]) != 1:
				c.sayf("%v: has the answer of %v to %v, which has not handled it", r.Life, e.Who, e.Tag)
			case e.Note == "no reply" && len(c.handled[d]) == 1 && c.records[e.Who].End == "normal" && !c.keeps(e.Who.Role):
				c.sayf("%v: has no answer of %v, which has handled %v and ended normally", r.Life, e.Who, e.Tag)
			case e.Note == "deadline" && (e.D == 0 || e.At < e.Since+e.D):
				c.sayf("%v: has waited for the answer to %v from %v to %v, with a deadline of %v", r.Life, e.Tag, e.Since, e.At, e.D)
			}
		}
	}
}

// timers: never early, the ticks of a periodic one neither; those of the same
// arming actor and target in their order; none after a cancel in time.
func (c *checker) timers() {
	for _, r := range c.h.Records {
		cancelled := map[Tag]Entry{}
		for _, e := range r.Log {
			if e.What == Cancelled && e.N == 1 {
				cancelled[e.Tag] = e
			}
		}
		for _, e := range r.Log {
			if e.What != Armed && e.What != Ticking {
				continue
			}
			ticks := 0
			for _, got := range c.handled[delivery{e.Who, e.Tag}] {
				ticks += 1 + got.N
				due := e.At + e.D
				if e.What == Ticking {
					due = e.At + time.Duration(ticks)*e.D
				}
				if got.At < due {
					c.sayf("%v: handles %v at %v, due at %v", e.Who, e.Tag, got.At, due)
				}
				if stop, ok := cancelled[e.Tag]; ok && c.kept[delivery{e.Who, e.Tag}] == 0 { // kept, it is a message like others
					if e.Who == r.Life && after(r, got, stop) || c.h.Stamps && got.Stamp > stop.Stamp {
						c.sayf("%v: handles %v after it was cancelled", e.Who, e.Tag)
					}
				}
			}
		}
	}
	c.timerOrder()
}

// after says that a comes after b in r's log.
func after(r *Record, a, b Entry) bool {
	at := func(x Entry) int {
		return slices.IndexFunc(r.Log, func(e Entry) bool { return e.What == x.What && e.Tag == x.Tag && e.At == x.At })
	}
	return at(a) > at(b)
}

// timerOrder: what one actor gets from timers that were due at different ticks of
// the clock it gets in that order.
func (c *checker) timerOrder() {
	due := map[delivery]time.Duration{}
	for _, r := range c.h.Records {
		for _, e := range r.Log {
			if e.What == Armed {
				due[delivery{e.Who, e.Tag}] = e.At + e.D
			}
		}
	}
	for _, r := range c.h.Records {
		last, tag := time.Duration(0), Tag{}
		for _, e := range r.Log {
			d := delivery{r.Life, e.Tag}
			at, ok := due[d]
			if !ok || e.What != Handled || c.kept[d] > 0 {
				continue
			}
			if at < last-clockTick {
				c.sayf("%v: handles %v, due at %v, after %v, due at %v", r.Life, e.Tag, at, tag, last)
			}
			if at > last {
				last, tag = at, e.Tag
			}
		}
	}
}

// clockTick is by how much a due time may be misjudged: between the look at the
// clock and the arming, and by the tick of a System with workers.
const clockTick = 2 * time.Millisecond

// orders is what only somebody who has seen all in one order can say: row L7, and
// that who was killed or stopped begins nothing anew.
func (c *checker) orders(r *Record) {
	gone := c.ordered(r.Life, StopTree)
	killed, stopped := c.ordered(r.Life, Kill), c.ordered(r.Life, Stop, StopWith)
	if at := c.killedWith(r.Life); at > 0 && (killed == 0 || at < killed) {
		killed = at
	}
	for _, by := range c.h.Records {
		for _, e := range by.Log {
			switch {
			case e.Who != r.Life:
			case e.What == Sent && e.Note == "" && killed > 0 && e.Began > killed:
				c.sayf("%v: accepts %v after Kill has returned", r.Life, e.Tag)
			case (e.What == Evented || e.What == Downed) && e.Note != "started" && e.Note != "noproc" && e.Stamp < r.Crossed:
				c.sayf("%v: told of the end of %v before it was Stopping", by.Life, r.Life)
			}
		}
	}
	c.monitorsFirst(r)
	for _, e := range r.Log {
		if gone > 0 && e.Stamp > gone {
			c.sayf("%v: %v after StopTree has returned", r.Life, e)
		}
		switch {
		case e.What == PostStopped:
			if e.Stamp < r.Crossed {
				c.sayf("%v: PostStop before it was Stopping", r.Life)
			}
			if killed > 0 && e.Stamp > killed {
				c.sayf("%v: PostStop after Kill has returned", r.Life)
			}
		case e.What > PostStarted && e.What < PostStopped:
			if killed > 0 && e.Stamp > killed {
				c.sayf("%v: %v after Kill has returned", r.Life, e)
			}
			if stopped > 0 && e.Stamp > stopped {
				c.sayf("%v: %v after Stop has returned", r.Life, e)
			}
		}
	}
}

// holds: who is suspended begins nothing but its end, and what is no message: a
// start, or a revival, is not held up.
func (c *checker) holds(r *Record) {
	for _, e := range r.Log {
		if e.What > PostStarted && e.What < PostStopped && c.suspended(r.Life, e.Stamp) {
			c.sayf("%v: %v though it is suspended", r.Life, e)
		}
	}
}

// suspended says whether a life is, at that stamp: the last to begin before was a
// Suspend, which had returned.
func (c *checker) suspended(l Life, stamp int) (yes bool) {
	for _, e := range c.h.Records[0].Log { // Outside's
		if e.What == Held && e.Who == l && e.Began < stamp {
			yes = e.Op == Suspend && e.Note == "" && e.Stamp < stamp
		}
	}
	return yes
}

// leavesFirst: where one thing changes at a time, a child's PostStop never comes
// after its parent's: it is killed with that one, or was stopped before.
func (c *checker) leavesFirst(r *Record) {
	mine := c.postStop(r.Life)
	for _, e := range r.Log {
		if e.What != Spawned || e.Op != SpawnLinked || e.Note != "" || !c.h.Program.Exact || c.moved(e.Who) {
			continue
		}
		if its := c.postStop(e.Who); mine > 0 && its > mine {
			c.sayf("%v: PostStop after that of its parent %v", e.Who, r.Life)
		}
	}
}

// postStop is the stamp of a life's PostStop, 0 if there was none.
func (c *checker) postStop(l Life) int {
	if r := c.records[l]; r != nil {
		for _, e := range r.Log {
			if e.What == PostStopped {
				return e.Stamp
			}
		}
	}
	return 0
}

// ordered is the stamp at which the first of these orders to a life has returned; 0:
// there was none.
func (c *checker) ordered(l Life, ops ...Op) (stamp int) {
	for _, by := range c.h.Records {
		for _, e := range by.Log {
			if e.What == Ordered && e.Who == l && slices.Contains(ops, e.Op) && (stamp == 0 || e.Stamp < stamp) {
				stamp = e.Stamp
			}
		}
	}
	return stamp
}

// killedWith is the stamp at which the Kill of l's parent has returned, which has
// killed l too. Of two Kills the second may return first; so it is only known of
// a parent that was killed once, and not with its own.
func (c *checker) killedWith(l Life) int {
	for _, parent := range c.h.Records {
		for _, e := range parent.Log {
			if e.What != Spawned || e.Op != SpawnLinked || e.Who != l || e.Note != "" || parent.End != "killed" {
				continue
			}
			if at := c.ordered(parent.Life, Kill); at > e.Stamp && c.kills(parent.Life) == 1 && !c.linked(parent.Life) && !c.moved(l) && !c.moved(parent.Life) {
				return at
			}
		}
	}
	return 0
}

func (c *checker) kills(l Life) (n int) {
	for _, by := range c.h.Records {
		for _, e := range by.Log {
			n += one(e.What == Ordered && e.Op == Kill && e.Who == l)
		}
	}
	return n
}

// linked says whether l has a parent, or a supervisor.
func (c *checker) linked(l Life) bool {
	for _, by := range c.h.Records {
		for _, e := range by.Log {
			if e.What == Spawned && e.Who == l {
				return e.Op != 0
			}
		}
	}
	return true
}

// moved says whether anybody has changed whose child l is.
func (c *checker) moved(l Life) bool {
	for _, by := range c.h.Records {
		for _, e := range by.Log {
			if e.What == Linked && e.Who == l {
				return true
			}
		}
	}
	return false
}

// monitorsFirst: a parent that is a monitor too, and was one before its child
// began to end, is told as a monitor first (row M3).
func (c *checker) monitorsFirst(r *Record) {
	for _, by := range c.h.Records {
		monitors, told := false, false
		for _, e := range by.Log {
			switch {
			case e.What == PreStarted:
				monitors = false
			case e.Who != r.Life:
			case e.What == Monitored && e.Op == Monitor && e.Stamp < r.Crossed:
				monitors = true
			case e.What == Monitored && e.Op == Unmonitor:
				monitors = false
			case e.What == Evented && e.N == 0 && e.Note != "started":
				told = true
			case e.What == Evented && e.N == 1 && monitors && !told:
				c.sayf("%v: told of the end of %v as its parent before it was told as a monitor", by.Life, r.Life)
			}
		}
	}
}

// supervisors: kids are started in their order, one incarnation after another,
// and not more often than the intensity allows.
func (c *checker) supervisors() {
	for role, x := range c.h.Program.Roles {
		if x.Sup == nil {
			continue
		}
		lives, kids, stamp := 0, 0, 0
		for _, k := range x.Sup.Kids {
			first := c.records[Life{k.Role, 1}]
			if first == nil {
				continue
			}
			kids++
			if c.h.Stamps && !x.Sup.Dynamic {
				if at := first.Log[0].Stamp; at < stamp {
					c.sayf("supervisor r%d: kid r%d starts out of order", role, k.Role)
				} else {
					stamp = at
				}
			}
			n := 0
			for c.records[Life{k.Role, n + 1}] != nil {
				n++
				c.succession(k, n, c.h.Program.above(role) >= 0)
				for _, e := range c.records[Life{k.Role, n}].Log {
					lives += one(e.What == PreStarted)
				}
			}
		}
		if lives-kids > c.restarts(role) {
			c.sayf("supervisor r%d: %d incarnations of %d kids with at most %d restarts", role, lives, kids, x.Sup.Max)
		}
	}
}

// restarts is how many new incarnations of its kids a supervisor may make.
func (c *checker) restarts(role int) int {
	s := c.h.Program.Roles[role].Sup
	n := len(s.Kids)
	most := s.Max // each makes one
	if s.Strategy != supervisor.OneForOne {
		most *= n * n // or all, and again if one dies while a group is being restarted
	}
	if above := c.h.Program.above(role); above >= 0 { // it may be restarted itself, and begins anew
		again := c.restarts(above)
		most = (again+1)*most + again*n
	}
	return most
}

// succession: incarnation n of a kid had a reason to be, and did not overlap the
// one before.
func (c *checker) succession(k Kid, n int, nested bool) {
	if n == 1 {
		return
	}
	before, r := c.records[Life{k.Role, n - 1}], c.records[Life{k.Role, n}]
	if k.Restart == supervisor.Temporary && !nested {
		c.sayf("%v: Temporary, and restarted", r.Life)
	}
	if !c.h.Stamps || len(before.Log) == 0 || len(r.Log) == 0 {
		return
	}
	if last := before.Log[len(before.Log)-1]; last.What <= PostStopped && last.Stamp > r.Log[0].Stamp || before.Crossed > r.Log[0].Stamp {
		c.sayf("%v begins before the one before it has ended", r.Life)
	}
}

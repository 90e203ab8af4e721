package supervisor_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/supervisor"
)

// script drives a machine as a supervisor would whose children obey at once. It
// writes down what it is told: "-a" stop a, "+a" start a, "!a" a start that
// fails, "~a" one that is ignored, ".5s" a pause, "quit" and "fail".
type script struct {
	m    *supervisor.Machine
	now  time.Duration
	log  []string
	who  actor.ID
	ends supervisor.Verb
	plan func(id string) string // "" for a good start, "!" or "~"
}

func noStart(actor.Inside) (actor.AnyRef, error) { panic("not called") }

func half() float64 { return 0.5 }

func play(t testing.TB, s supervisor.Spec) *script {
	t.Helper()
	for i := range s.Children {
		s.Children[i].Start = noStart
	}
	m, err := supervisor.NewMachine(s, half)
	require.NoError(t, err)
	return &script{m: m, who: actor.ID(len(s.Children)), plan: func(string) string { return "" }}
}

// kids makes children of words: "a" is Permanent, "a?" Transient, "a-"
// Temporary; a "*" makes it significant.
func kids(words string) []supervisor.Child {
	var all []supervisor.Child
	for w := range strings.FieldsSeq(words) {
		c := supervisor.Child{ID: w[:1], Significant: strings.Contains(w, "*")}
		switch {
		case strings.Contains(w, "?"):
			c.Restart = supervisor.Transient
		case strings.Contains(w, "-"):
			c.Restart = supervisor.Temporary
		}
		all = append(all, c)
	}
	return all
}

// run does what the machine says until it has to wait.
func (s *script) run() {
	for s.one() {
	}
}

// one does one step; false: there is nothing to do now.
func (s *script) one() bool {
	st := s.m.Next(s.now)
	k := st.Kid()
	switch st.Do() {
	case supervisor.Stop:
		s.log = append(s.log, "-"+k.ID)
		s.m.Exited(s.now, k.Who(), true)
	case supervisor.Start:
		switch mark := s.plan(k.ID); mark {
		case "!":
			s.log = append(s.log, "!"+k.ID)
			s.m.Failed(s.now, k)
		case "~":
			s.log = append(s.log, "~"+k.ID)
			s.m.Ignored(k)
		default:
			s.log = append(s.log, "+"+k.ID)
			s.up(k)
		}
	case supervisor.Pause:
		if st.Wait() > 0 {
			s.log = append(s.log, "."+st.Wait().String())
			s.now += st.Wait()
		}
		s.m.Due(k, st.Number())
	case supervisor.ShutDown, supervisor.GiveUp:
		if s.ends == supervisor.Idle {
			s.ends = st.Do()
			s.log = append(s.log, map[supervisor.Verb]string{supervisor.ShutDown: "quit", supervisor.GiveUp: "fail"}[st.Do()])
		}
		return false
	default:
		return false
	}
	return true
}

func (s *script) up(k *supervisor.Kid) {
	if held := k.Held(); held != 0 { // revived: it is the same actor
		s.m.Started(s.now, k, held)
		return
	}
	s.who++
	s.m.Started(s.now, k, s.who)
}

// do plays words: "a!" a dies abnormally, "a." normally, "a#" fails and waits with its
// mailbox, "Ta" TerminateChild,
// "Ra" RestartChild, "Da" DeleteChild, "5s" time passes. Starts of children in
// bad fail so many times.
func (s *script) do(words string) string {
	for w := range strings.FieldsSeq(words) {
		if d, err := time.ParseDuration(w); err == nil {
			s.now += d
			continue
		}
		switch w[0] {
		case 'T':
			s.m.Terminate(s.m.Kid(w[1:]))
		case 'R':
			s.log = append(s.log, "+"+w[1:])
			s.up(s.m.Kid(w[1:]))
		case 'D':
			s.m.Remove(s.m.Kid(w[1:]))
		default:
			if who := s.m.Kid(w[:1]).Who(); w[1] == '#' {
				s.m.Kept(s.now, who)
			} else {
				s.m.Exited(s.now, who, w[1] == '.')
			}
			if strings.HasSuffix(w, "&") { // and the next thing comes before anything is done
				continue
			}
		}
		s.run()
	}
	out := strings.Join(s.log, " ")
	s.log = nil
	return out
}

func (s *script) states() string {
	var b strings.Builder
	for _, k := range s.m.Kids() {
		b.WriteString(k.ID + [...]string{"_", "+", "-", "?"}[k.Is()])
	}
	return b.String()
}

func TestDecideTable(t *testing.T) {
	plenty := supervisor.Intensity{Max: 100, Per: time.Second}
	for _, c := range []struct {
		name     string
		strategy supervisor.Strategy
		auto     supervisor.AutoShutdown
		limit    supervisor.Intensity
		backoff  supervisor.Backoff
		children string
		bad      map[string]int // starts that fail first
		ignore   string         // starts that are ignored
		do       string
		want     string
		states   string
	}{
		{name: "one for one restarts the one", limit: plenty, children: "a b c", do: "b!", want: "+b", states: "a+b+c+"},
		{name: "a permanent child is restarted after a normal end", limit: plenty, children: "a", do: "a.", want: "+a", states: "a+"},
		{name: "a transient one is not", limit: plenty, children: "a? b", do: "a.", want: "", states: "a_b+"},
		{name: "but after an abnormal one", limit: plenty, children: "a?", do: "a!", want: "+a", states: "a+"},
		{name: "a temporary one never is, and is dropped", limit: plenty, children: "a- b", do: "a!", want: "", states: "b+"},
		{
			name: "one for all stops in reverse, starts in order", strategy: supervisor.OneForAll, limit: plenty,
			children: "a b c d", do: "b!", want: "-d -c -a +a +b +c +d", states: "a+b+c+d+",
		},
		{
			name: "rest for one leaves the elder alone", strategy: supervisor.RestForOne, limit: plenty,
			children: "a b c d", do: "b!", want: "-d -c +b +c +d", states: "a+b+c+d+",
		},
		{
			name: "temporary children are removed by their siblings' restarts", strategy: supervisor.OneForAll, limit: plenty,
			children: "a b- c", do: "c!", want: "-b -a +a +c", states: "a+c+",
		},
		{
			name: "an elder temporary child is left alone", strategy: supervisor.RestForOne, limit: plenty,
			children: "a- b c-", do: "b!", want: "-c +b", states: "a+b+",
		},
		{
			name: "a temporary child's death restarts nobody", strategy: supervisor.OneForAll, limit: plenty,
			children: "a b- c", do: "b!", want: "", states: "a+c+",
		},
		{
			name: "a transient child that ended normally is started by its sibling's restart", strategy: supervisor.OneForAll,
			limit: plenty, children: "a b? c", do: "b. a!", want: "-c +a +b +c", states: "a+b+c+",
		},
		{
			name: "rest for one retries from the one that failed to start", strategy: supervisor.RestForOne, limit: plenty,
			children: "a b c d", bad: map[string]int{"c": 2}, do: "b!", want: "-d -c +b !c !c +c +d", states: "a+b+c+d+",
		},
		{
			name: "one for all stops what it started this round and starts all", strategy: supervisor.OneForAll, limit: plenty,
			children: "a b c", bad: map[string]int{"c": 2}, do: "a!",
			want: "-c -b +a +b !c -b -a +a +b !c -b -a +a +b +c", states: "a+b+c+",
		},
		{
			name: "a start that fails counts again", limit: supervisor.Intensity{Max: 3, Per: time.Second}, children: "a",
			bad: map[string]int{"a": 9}, do: "a!", want: "!a !a !a fail", states: "a_",
		},
		{
			name: "max restarts are tolerated", limit: supervisor.Intensity{Max: 2, Per: time.Second}, children: "a b",
			do: "a! b!", want: "+a +b", states: "a+b+",
		},
		{
			name: "one more is not", limit: supervisor.Intensity{Max: 2, Per: time.Second}, children: "a b",
			do: "a! b! a!", want: "+a +b fail", states: "a_b+",
		},
		{
			name: "at the end of the window they still count", limit: supervisor.Intensity{Max: 1, Per: time.Second}, children: "a",
			do: "a! 1s a!", want: "+a fail", states: "a_",
		},
		{
			name: "after it they do not", limit: supervisor.Intensity{Max: 1, Per: time.Second}, children: "a",
			do: "a! 1000000001ns a!", want: "+a +a", states: "a+",
		},
		{
			name: "no restarts allowed gives up at the first", limit: supervisor.Intensity{Max: -1}, children: "a",
			do: "a!", want: "fail", states: "a_",
		},
		{
			name: "one group restart counts one", strategy: supervisor.OneForAll, limit: supervisor.Intensity{Max: 1, Per: time.Second},
			children: "a b c", do: "a!& b!& c!", want: "+a +b +c", states: "a+b+c+",
		},
		{
			name: "an elder's death in the round widens it and does not count", strategy: supervisor.RestForOne,
			limit: supervisor.Intensity{Max: 1, Per: time.Second}, children: "a b c d", do: "c!& a!", want: "-d -b +a +b +c +d", states: "a+b+c+d+",
		},
		{name: "ignored on restart", limit: plenty, children: "a b", ignore: "a", do: "a!", want: "~a", states: "a_b+"},
		{
			name: "a group restart tries the ignored again", strategy: supervisor.OneForAll, limit: plenty, children: "a b", ignore: "a",
			do: "a! b!", want: "-b ~a +b ~a +b", states: "a_b+",
		},
		{
			name: "terminate triggers nobody and keeps the spec", strategy: supervisor.OneForAll, limit: plenty, children: "a b",
			do: "Ta", want: "-a", states: "a_b+",
		},
		{name: "terminate drops a temporary", limit: plenty, children: "a- b", do: "Ta", want: "-a", states: "b+"},
		{
			name: "terminate is no auto-shutdown", auto: supervisor.AnySignificant, limit: plenty, children: "a?* b",
			do: "Ta", want: "-a", states: "a_b+",
		},
		{
			name: "a sibling's restart is no auto-shutdown", strategy: supervisor.OneForAll, auto: supervisor.AnySignificant,
			limit: plenty, children: "a b-* c", do: "a!", want: "-c -b +a +c", states: "a+c+",
		},
		{
			name: "a restart is no auto-shutdown", auto: supervisor.AnySignificant, limit: plenty, children: "a?*",
			do: "a!", want: "+a", states: "a+",
		},
		{
			name: "any significant", auto: supervisor.AnySignificant, limit: plenty, children: "a?* b?*",
			do: "a.", want: "quit", states: "a_b+",
		},
		{
			name: "a temporary significant one counts in any end", auto: supervisor.AnySignificant, limit: plenty, children: "a-* b",
			do: "a!", want: "quit", states: "b+",
		},
		{
			name: "all significant", auto: supervisor.AllSignificant, limit: plenty, children: "a?* b-* c?",
			do: "c. a.", want: "", states: "a_b+c_",
		},
		{
			name: "all significant, the last", auto: supervisor.AllSignificant, limit: plenty, children: "a?* b-* c",
			do: "a. b.", want: "quit", states: "a_c+",
		},
		{
			name: "back-off doubles up to its maximum", limit: plenty, children: "a",
			backoff: supervisor.Backoff{Min: time.Second, Max: 5 * time.Second},
			do:      "a! 0s a! 0s a! 0s a! 0s a!", want: ".1s +a .2s +a .4s +a .5s +a .5s +a", states: "a+",
		},
		{
			name: "who has lived for the maximum begins a new row", limit: plenty, children: "a",
			backoff: supervisor.Backoff{Min: time.Second, Max: 5 * time.Second},
			do:      "a! 0s a! 5s a! 4s a!", want: ".1s +a .2s +a .1s +a .2s +a", states: "a+",
		},
		{
			name: "starts that fail lengthen the row", limit: plenty, children: "a", bad: map[string]int{"a": 2},
			backoff: supervisor.Backoff{Min: time.Second, Max: 5 * time.Second},
			do:      "a!", want: ".1s !a .2s !a .4s +a", states: "a+",
		},
		{
			name: "a group stops first and then pauses", strategy: supervisor.OneForAll, limit: plenty, children: "a b",
			backoff: supervisor.Backoff{Min: time.Second, Jitter: 0.5},
			do:      "b!", want: "-a .750ms +a +b", states: "a+b+",
		},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			s := play(t, supervisor.Spec{
				Strategy: c.strategy, AutoShutdown: c.auto, Intensity: c.limit, Backoff: c.backoff, Children: kids(c.children),
			})
			s.plan = func(id string) string {
				switch {
				case c.bad[id] > 0:
					c.bad[id]--
					return "!"
				case strings.Contains(c.ignore, id):
					return "~"
				}
				return ""
			}
			require.Equal(t, c.want, s.do(c.do))
			require.Equal(t, c.states, s.states())
		})
	}
}

// A child that the round itself has started and that dies in it counts: or a
// group whose first child always dies while the second starts would never end.
func TestDecideDeathsOfTheRoundsOwnChildrenCount(t *testing.T) {
	for _, strategy := range []supervisor.Strategy{supervisor.OneForAll, supervisor.RestForOne} {
		s := play(t, supervisor.Spec{Strategy: strategy, Intensity: supervisor.Intensity{Max: 10, Per: time.Hour}, Children: kids("a b")})
		s.m.Exited(0, s.m.Kid("a").Who(), false)
		starts := 0
		for s.ends == supervisor.Idle {
			require.Less(t, starts, 100, "spins")
			if !s.one() {
				break
			}
			if a := s.m.Kid("a"); a.Is() == supervisor.Up && s.m.InRound() {
				starts++
				s.m.Exited(0, a.Who(), false)
			}
		}
		require.Equal(t, supervisor.GiveUp, s.ends)
		require.Equal(t, 10, starts)
	}
}

// An incarnation that is not known any more is nobody's.
func TestDecideOldIncarnationsAreNobodys(t *testing.T) {
	s := play(t, supervisor.Spec{Intensity: supervisor.Intensity{Max: 5}, Children: kids("a")})
	old := s.m.Kid("a").Who()
	require.Equal(t, "+a", s.do("a!"))
	s.m.Exited(0, old, false)
	s.m.Exited(0, 999, false)
	s.run()
	require.Empty(t, s.log)
	require.Equal(t, "a+", s.states())
}

// A pause that was ended by TerminateChild does not start the child, not even
// when the child was restarted and waits in another one.
func TestDecideCancelledPausesAreOver(t *testing.T) {
	s := play(t, supervisor.Spec{
		Intensity: supervisor.Intensity{Max: 9}, Backoff: supervisor.Backoff{Min: time.Second}, Children: kids("a"),
	})
	k := s.m.Kid("a")
	s.m.Exited(0, k.Who(), false)
	first := s.m.Next(0)
	require.Equal(t, supervisor.Pause, first.Do())
	s.m.Terminate(k)
	s.m.Due(k, first.Number())
	require.Equal(t, supervisor.Idle, s.m.Next(0).Do())
	s.up(k)
	s.m.Exited(0, k.Who(), false)
	second := s.m.Next(0)
	require.Equal(t, supervisor.Pause, second.Do())
	s.m.Due(k, first.Number())
	require.Equal(t, supervisor.Idle, s.m.Next(0).Do())
	s.m.Due(k, second.Number())
	require.Equal(t, supervisor.Start, s.m.Next(0).Do())
}

// dumb is OTP's supervisor in the simplest words: everything happens at once,
// the history is never shortened.
type dumb struct {
	spec  supervisor.Spec
	list  []*dumbKid
	past  []time.Duration
	now   time.Duration
	plan  func(id string) string
	log   []string
	ended bool
}

type dumbKid struct {
	supervisor.Child
	up bool
}

func (d *dumb) find(id string) int {
	return slices.IndexFunc(d.list, func(k *dumbKid) bool { return k.ID == id })
}

func (d *dumb) tolerated() bool {
	d.past = append(d.past, d.now)
	n := 0
	for _, t := range d.past {
		if t >= d.now-d.spec.Intensity.Per {
			n++
		}
	}
	if n > max(d.spec.Intensity.Max, 0) {
		d.ended = true
		d.log = append(d.log, "fail")
	}
	return !d.ended
}

func (d *dumb) stop(k *dumbKid) {
	k.up = false
	d.log = append(d.log, "-"+k.ID)
}

func (d *dumb) dropTemporary(from int) {
	d.list = append(d.list[:from:from], slices.DeleteFunc(slices.Clone(d.list[from:]), func(k *dumbKid) bool {
		return k.Restart == supervisor.Temporary && !k.up
	})...)
}

func (d *dumb) die(id string, normal bool) {
	i := d.find(id)
	k := d.list[i]
	k.up = false
	if k.Restart == supervisor.Temporary || k.Restart == supervisor.Transient && normal {
		d.dropTemporary(i)
		if k.Significant && (d.spec.AutoShutdown == supervisor.AnySignificant || d.spec.AutoShutdown == supervisor.AllSignificant &&
			!slices.ContainsFunc(d.list, func(o *dumbKid) bool { return o.Significant && o.up })) {
			d.ended = true
			d.log = append(d.log, "quit")
		}
		return
	}
	if d.tolerated() {
		d.restart(i)
	}
}

func (d *dumb) restart(i int) {
	from, to := i, i+1
	switch d.spec.Strategy {
	case supervisor.OneForAll:
		from, to = 0, len(d.list)
	case supervisor.RestForOne:
		to = len(d.list)
	}
	for _, k := range slices.Backward(d.list[from:to]) {
		if k.up {
			d.stop(k)
		}
	}
	if d.spec.Strategy != supervisor.OneForOne {
		d.dropTemporary(from)
		to = len(d.list)
	}
	for j := from; j < to; j++ {
		k := d.list[j]
		mark := d.plan(k.ID)
		if mark == "" {
			mark = "+"
			k.up = true
		}
		d.log = append(d.log, mark+k.ID)
		if mark == "!" {
			if d.tolerated() {
				d.restart(j)
			}
			return
		}
	}
}

func (d *dumb) states() string {
	var b strings.Builder
	for _, k := range d.list {
		b.WriteString(k.ID + map[bool]string{true: "+", false: "_"}[k.up])
	}
	return b.String()
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// dice is a source of starts: the same seed gives the same.
func dice(seed uint64) func(string) string {
	r := rand.New(rand.NewPCG(seed, 1))
	return func(string) string {
		switch n := r.IntN(10); n {
		case 0, 1:
			return "!"
		case 2:
			return "~"
		}
		return ""
	}
}

func randomSpec(r *rand.Rand) supervisor.Spec {
	s := supervisor.Spec{
		Strategy:     supervisor.Strategy(r.IntN(3)),
		AutoShutdown: supervisor.AutoShutdown(r.IntN(3)),
		Intensity:    supervisor.Intensity{Max: r.IntN(8) - 1, Per: time.Duration(1+r.IntN(20)) * time.Second},
	}
	for i := range 1 + r.IntN(6) {
		c := supervisor.Child{ID: string(rune('a' + i)), Restart: supervisor.Restart(r.IntN(3)), Start: noStart}
		c.Significant = c.Restart != supervisor.Permanent && s.AutoShutdown != supervisor.Never && r.IntN(2) == 0
		c.KeepMailbox = c.Restart != supervisor.Temporary && r.IntN(2) == 0
		s.Children = append(s.Children, c)
	}
	return s
}

// Random histories, one thing after another: the machine and the dumb model say
// the same, word for word.
func TestDecideAgainstDumbModel(t *testing.T) {
	gaveUp, quit := 0, 0
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 0))
		spec := randomSpec(r)
		m := play(t, spec)
		m.plan = dice(seed)
		checked, err := spec.Check()
		require.NoError(t, err)
		d := &dumb{spec: checked, plan: dice(seed)}
		for _, c := range spec.Children {
			d.list = append(d.list, &dumbKid{c, true})
		}
		history := fmt.Sprintf("seed %d, %v, %+v", seed, spec.Strategy, spec.Intensity)
		for range 40 {
			if m.ends != supervisor.Idle || len(d.list) == 0 {
				break
			}
			if r.IntN(3) == 0 {
				step := time.Duration(r.IntN(8)) * time.Second
				m.now, d.now = m.now+step, d.now+step
			}
			i := r.IntN(len(d.list))
			k := d.list[i]
			var word string
			switch op := r.IntN(8); {
			case op < 5 && k.up:
				how := []string{"!", ".", "#"} // what is kept dies as all do
				word = k.ID + how[r.IntN(2+one(k.KeepMailbox))]
				d.die(k.ID, word[1] == '.')
			case op == 5:
				word = "T" + k.ID
				if k.up {
					d.stop(k)
				}
				d.dropTemporary(i)
			case op == 6 && !k.up:
				word = "R" + k.ID
				k.up = true
				d.log = append(d.log, "+"+k.ID)
			case op == 7 && !k.up:
				word = "D" + k.ID
				d.list = slices.Delete(d.list, i, i+1)
			default:
				continue
			}
			history += " " + word
			require.Equal(t, strings.Join(d.log, " "), m.do(word), history)
			if d.ended {
				require.NotEqual(t, supervisor.Idle, m.ends, history)
			} else {
				require.Equal(t, d.states(), m.states(), history)
			}
			d.log = nil
		}
		switch m.ends {
		case supervisor.GiveUp:
			gaveUp++
		case supervisor.ShutDown:
			quit++
		}
	}
	require.Greater(t, gaveUp, 50, "histories that reach the limit")
	require.Greater(t, quit, 50, "histories that reach auto-shutdown")
}

// wild plays random histories in which children die at any moment and take
// their time to stop, and checks after each step what must always hold.
func wild(t testing.TB, r *rand.Rand) {
	spec := randomSpec(r)
	if r.IntN(2) == 0 {
		spec.Backoff = supervisor.Backoff{Min: time.Second, Max: 4 * time.Second, Jitter: r.Float64()}
	}
	s := play(t, spec)
	checked, err := spec.Check()
	require.NoError(t, err)
	limit := checked.Intensity
	m := s.m
	var gone []actor.ID // told to stop, not gone yet
	type timer struct {
		kid    *supervisor.Kid
		number uint64
	}
	var timers []timer
	counted, starts, died := 0, 0, 0
	for range 300 {
		var alive []*supervisor.Kid
		for i, k := range m.Kids() {
			if k.Is() == supervisor.Up || k.Is() == supervisor.Leaving {
				alive = append(alive, k)
				require.NotZero(t, k.Who())
			}
			if held := k.Held(); held != 0 {
				if k.Is() != supervisor.Waiting {
					require.Equal(t, supervisor.GiveUp, m.Next(s.now).Do(), "who waits with its mailbox is to be started")
				}
				if r.IntN(20) == 0 { // it was killed meanwhile
					m.Lost(held)
					require.Zero(t, k.Held())
				}
			}
			require.Same(t, k, m.Kid(k.ID))
			require.Equal(t, i, slices.Index(m.Kids(), k))
		}
		switch n := r.IntN(10); {
		case n == 0 && len(alive) > 0:
			k := alive[r.IntN(len(alive))]
			died++
			if k.KeepMailbox && k.Is() == supervisor.Up && r.IntN(2) == 0 {
				m.Kept(s.now, k.Who())
				break
			}
			m.Exited(s.now, k.Who(), r.IntN(2) == 0)
		case n == 1 && len(gone) > 0:
			i := r.IntN(len(gone))
			m.Exited(s.now, gone[i], r.IntN(2) == 0)
			gone = slices.Delete(gone, i, i+1)
		case n == 2 && len(timers) > 0:
			i := r.IntN(len(timers))
			m.Due(timers[i].kid, timers[i].number)
			timers = slices.Delete(timers, i, i+1)
		case n == 3:
			s.now += time.Duration(r.IntN(5)) * time.Second
		}
		st := m.Next(s.now)
		k := st.Kid()
		switch st.Do() {
		case supervisor.Stop:
			gone = append(gone, k.Who())
			if m.InRound() {
				for _, younger := range m.Kids()[slices.Index(m.Kids(), k)+1:] {
					require.Equal(t, supervisor.Waiting, younger.Is(), "stops are in reverse order, one at a time")
				}
			}
		case supervisor.Start:
			require.Equal(t, supervisor.Waiting, k.Is())
			if m.InRound() {
				i := slices.Index(m.Kids(), k)
				for _, elder := range m.Kids()[m.From():i] {
					require.NotEqual(t, supervisor.Waiting, elder.Is(), "starts are in order")
				}
				for _, younger := range m.Kids()[i+1:] {
					require.Equal(t, supervisor.Waiting, younger.Is(), "nobody runs behind who starts")
				}
			}
			starts++
			switch r.IntN(6) {
			case 0:
				counted++
				m.Failed(s.now, k)
			case 1:
				m.Ignored(k)
			default:
				s.up(k)
			}
		case supervisor.Pause:
			timers = append(timers, timer{k, st.Number()})
		case supervisor.Idle:
			if r.IntN(4) == 0 && len(m.Kids()) > 0 {
				switch k := m.Kids()[r.IntN(len(m.Kids()))]; {
				case k.Is() == supervisor.Down && r.IntN(2) == 0:
					m.Remove(k)
				case k.Is() == supervisor.Down:
					s.up(k)
				default:
					m.Terminate(k)
				}
			}
		case supervisor.GiveUp:
			at := m.Restarts()
			require.Len(t, at, max(limit.Max, 0)+1, "gives up at the limit, no sooner and no later")
			require.LessOrEqual(t, at[len(at)-1]-at[0], limit.Per)
			return
		case supervisor.ShutDown:
			require.NotEqual(t, supervisor.Never, spec.AutoShutdown)
			return
		}
		require.LessOrEqual(t, len(m.Restarts()), limit.Max+1, "history is bounded")
		require.LessOrEqual(t, starts, (died+counted)*len(spec.Children), "every start has its cause")
	}
}

func TestDecideWild(t *testing.T) {
	for seed := range uint64(1500) {
		wild(t, rand.New(rand.NewPCG(seed, 7)))
	}
}

func FuzzDecide(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) { wild(t, rand.New(rand.NewPCG(a, b))) })
}

func TestBackoffNeverOverflows(t *testing.T) {
	b := supervisor.Backoff{Min: 1, Max: 1<<63 - 1}
	last := time.Duration(0)
	for n := 1; n < 200; n++ {
		d := b.Delay(n, half)
		require.GreaterOrEqual(t, d, last)
		last = d
	}
	require.Equal(t, b.Max, last)
	require.Zero(t, supervisor.Backoff{Max: time.Hour}.Delay(9, half))
	require.Zero(t, supervisor.Backoff{Min: time.Hour, Max: time.Hour, Jitter: 1}.Delay(1, func() float64 { return 1 }))
}

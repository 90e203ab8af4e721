package model

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Facts are what must be the same in all executions of an exact program: what
// everybody has noted, in any order, how everybody has ended, what was not
// handled, and what there was in the end. Compare looks at the order of a
// supervisor's starts and stops too. The order within a pair is not in it,
// since it depends on the order in which the sender has handled its own messages;
// that is for Check.
func (h *History) Facts() []string {
	facts := slices.Clone(h.Final)
	for _, r := range h.Records {
		for _, e := range r.Log {
			e.At, e.Since, e.Stamp, e.Began, e.Tag.Seq = 0, 0, 0, 0, 0
			e.Added, e.Gone = ordered(e.Added), ordered(e.Gone)
			facts = append(facts, fmt.Sprintf("%v: %v", r.Life, strings.TrimPrefix(e.String(), "0s ")))
		}
		if r.Life.Role != Outside {
			facts = append(facts, fmt.Sprintf("%v: ends %q", r.Life, r.End))
		}
	}
	for _, l := range h.Letters {
		l.Tag.Seq = 0
		facts = append(facts, fmt.Sprintf("%v: dead letter %v %q", l.To, l.Tag, l.Note))
	}
	for why, n := range h.Counts {
		facts = append(facts, fmt.Sprintf("dead letters (%s): %d", why, n))
	}
	slices.Sort(facts)
	return facts
}

func ordered(all []Life) []Life {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b Life) int { return (a.Role-b.Role)*1000 + a.N - b.N })
	return all
}

// Compare says which facts of one execution are not those of another.
func Compare(reference, h *History) error {
	count := map[string]int{}
	for _, f := range reference.Facts() {
		count[f]--
	}
	for _, f := range h.Facts() {
		count[f]++
	}
	var diff []string
	for _, f := range slices.Sorted(maps.Keys(count)) {
		switch n := count[f]; {
		case n < 0:
			diff = append(diff, fmt.Sprintf("missing %d×: %s", -n, f))
		case n > 0:
			diff = append(diff, fmt.Sprintf("too many %d×: %s", n, f))
		}
	}
	if reference.Stamps && h.Stamps {
		want, got := reference.kids(), h.kids()
		for i := range want {
			if want[i] != got[i] {
				diff = append(diff, fmt.Sprintf("missing: %s\n  instead: %s", want[i], got[i]))
			}
		}
	}
	if diff == nil {
		return nil
	}
	return fmt.Errorf("not the facts of the reference:\n  %s", strings.Join(diff, "\n  "))
}

// kids says for each supervisor in which order its kids have started and stopped.
func (h *History) kids() (facts []string) {
	for role, x := range h.Program.Roles {
		if x.Sup == nil || x.Sup.Dynamic { // those end all at once
			continue
		}
		var all []Entry
		for _, r := range h.Records {
			if !slices.ContainsFunc(x.Sup.Kids, func(k Kid) bool { return k.Role == r.Life.Role }) {
				continue
			}
			for _, e := range r.Log {
				if e.What == PreStarted || e.What == PostStopped {
					e.Who = r.Life
					all = append(all, e)
				}
			}
		}
		slices.SortFunc(all, func(a, b Entry) int { return a.Stamp - b.Stamp })
		texts := make([]string, len(all))
		for i, e := range all {
			texts[i] = fmt.Sprintf("%v %v", e.Who, e.What)
		}
		facts = append(facts, fmt.Sprintf("kids of r%d: %s", role, strings.Join(texts, ", ")))
	}
	return facts
}

// String is the whole history for people.
func (h *History) String() string {
	var b strings.Builder
	for _, r := range h.Records {
		fmt.Fprintf(&b, "%v, which ends %q:\n", r.Life, r.End)
		for _, e := range r.Log {
			stamp := ""
			if e.Stamp > 0 {
				stamp = fmt.Sprintf("[%d] ", e.Stamp)
			}
			fmt.Fprintf(&b, "  %s%v\n", stamp, e)
		}
	}
	for _, l := range h.Letters {
		fmt.Fprintf(&b, "dead letter to %v: %v %q\n", l.To, l.Tag, l.Note)
	}
	return b.String()
}

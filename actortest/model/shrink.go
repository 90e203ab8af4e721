package model

import "slices"

// Shrink takes away rounds, actions and features of roles as long as the program
// still fails, and returns the smallest one that does. It asks fails at most
// tries times.
func Shrink(p *Program, tries int, fails func(*Program) bool) *Program {
	for smaller := true; smaller; {
		smaller = false
		for i := 0; ; i++ {
			q := p.without(i)
			if q == nil {
				break
			}
			if tries--; tries < 0 {
				return p
			}
			if fails(q) {
				p, smaller = q, true
				i--
			}
		}
	}
	return p
}

// without returns a copy that lacks the i-th of what can be left out: rounds, the
// last first, then actions, then what is special in roles; nil: there is no i-th.
func (p *Program) without(i int) *Program {
	q := p.clone()
	if i < len(p.Rounds) {
		at := len(p.Rounds) - 1 - i
		q.Rounds = slices.Delete(q.Rounds, at, at+1)
		return q
	}
	i -= len(p.Rounds)
	used := p.used()
	for n, script := range p.Scripts {
		if !used.scripts[n] {
			continue
		}
		if i < len(script) {
			q.Scripts[n] = slices.Delete(q.Scripts[n], i, i+1)
			return q
		}
		i -= len(script)
	}
	for n, r := range p.Roles {
		plain := Role{Sup: r.Sup}
		if !used.roles[n] || r == plain {
			continue
		}
		if i == 0 {
			q.Roles[n] = plain
			return q
		}
		i--
	}
	return nil
}

func (p *Program) clone() *Program {
	q := *p
	q.Roles = slices.Clone(p.Roles)
	q.Rounds = slices.Clone(p.Rounds)
	q.Scripts = make([][]Action, len(p.Scripts))
	for i, s := range p.Scripts {
		q.Scripts[i] = slices.Clone(s)
	}
	return &q
}

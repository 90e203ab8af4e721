package factory

// alarm is something that is to be done at a time: it belongs to a job (retry it
// or let it expire), to a slot (its worker is stuck, or is to be started again),
// or, with neither, to the controllers.
type alarm[J any] struct {
	at   int64
	pos  int // its place in the agenda, and 1
	job  *job[J]
	slot *slot[J]
}

// agenda is a heap of alarms, the next one first: O(log n) to enter or take out
// any, O(1) to enter one that comes after all others.
type agenda[J any] struct{ heap []*alarm[J] }

// next returns the first alarm, nil if there is none.
func (g *agenda[J]) next() *alarm[J] {
	if len(g.heap) == 0 {
		return nil
	}
	return g.heap[0]
}

// set enters a, or moves it, to at.
func (g *agenda[J]) set(a *alarm[J], at int64) {
	a.at = at
	if a.pos == 0 {
		g.heap = append(g.heap, a)
		a.pos = len(g.heap)
	}
	g.down(g.up(a.pos - 1))
}

// clear takes a out, if it is in.
func (g *agenda[J]) clear(a *alarm[J]) {
	if a.pos == 0 {
		return
	}
	i, last := a.pos-1, len(g.heap)-1
	a.pos = 0
	moved := g.heap[last]
	g.heap[last] = nil
	g.heap = g.heap[:last]
	if i < last {
		g.put(i, moved)
		g.down(g.up(i))
	}
	if c := cap(g.heap); c > 1024 && last < c/4 {
		g.heap = append(make([]*alarm[J], 0, c/2), g.heap...)
	}
}

func (g *agenda[J]) put(i int, a *alarm[J]) {
	g.heap[i] = a
	a.pos = i + 1
}

func (g *agenda[J]) up(i int) int {
	a := g.heap[i]
	for i > 0 {
		parent := (i - 1) / 2
		if g.heap[parent].at <= a.at {
			break
		}
		g.put(i, g.heap[parent])
		i = parent
	}
	g.put(i, a)
	return i
}

func (g *agenda[J]) down(i int) {
	a := g.heap[i]
	for {
		child := 2*i + 1
		if child >= len(g.heap) {
			break
		}
		if child+1 < len(g.heap) && g.heap[child+1].at < g.heap[child].at {
			child++
		}
		if a.at <= g.heap[child].at {
			break
		}
		g.put(i, g.heap[child])
		i = child
	}
	g.put(i, a)
}

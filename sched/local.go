package sched

// Local is a variable that each worker has for itself: a cache that needs no
// lock. It is made once with NewLocal and read with Of.
type Local[T any] struct{ index int }

// NewLocal returns a variable of s that is the zero T at each worker.
func NewLocal[T any](s *Scheduler) Local[T] {
	return Local[T]{index: int(s.locals.Add(1)) - 1}
}

// Of returns this worker's variable, or nil when c has no worker now. The
// pointer is good until the turn ends or Block is called.
func (l Local[T]) Of(c *Carrier) *T {
	w := c.worker
	if w == nil {
		return nil
	}
	if l.index < len(w.locals) {
		if p, ok := w.locals[l.index].(*T); ok {
			return p
		}
	}
	return l.make(w)
}

func (l Local[T]) make(w *Worker) *T {
	for len(w.locals) <= l.index {
		w.locals = append(w.locals, nil)
	}
	p := new(T)
	w.locals[l.index] = p
	return p
}

package factory

// list is a doubly linked list through nodes that its members hold themselves,
// each in one list at a time: all operations are O(1) and allocate nothing.
type list[T any] struct {
	first, last *node[T]
	n           int
}

// node is a member's place in a list.
type node[T any] struct {
	of         *T // the member; always set
	prev, next *node[T]
}

// front returns the first member, nil if there is none.
func (l *list[T]) front() *T {
	if l.first == nil {
		return nil
	}
	return l.first.of
}

func (l *list[T]) push(e *node[T]) {
	if e.prev = l.last; l.last != nil {
		l.last.next = e
	} else {
		l.first = e
	}
	l.last = e
	l.n++
}

func (l *list[T]) pushFront(e *node[T]) {
	if e.next = l.first; l.first != nil {
		l.first.prev = e
	} else {
		l.last = e
	}
	l.first = e
	l.n++
}

// remove takes e, which is in l, out.
func (l *list[T]) remove(e *node[T]) {
	if e.prev != nil {
		e.prev.next = e.next
	} else {
		l.first = e.next
	}
	if e.next != nil {
		e.next.prev = e.prev
	} else {
		l.last = e.prev
	}
	e.prev, e.next = nil, nil
	l.n--
}

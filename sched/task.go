package sched

// Task is one thing that can be run: embed it in what you schedule and set
// its Runner. A task is given to the scheduler with Submit when it has work
// and is then owned by the scheduler until its turn ends; whoever submits must
// make sure that no task is submitted twice at a time (an actor's mailbox word
// does).
type Task struct {
	next   *Task // link in the global queue; belongs to whoever holds the task
	Runner Runner
}

// Runner is what a Task does.
type Runner interface {
	// Turn works on c until there is nothing left to do (false) or until
	// the budget or the slice is used up (true: the task goes to the end of
	// the queue). After it has returned false the scheduler does not touch
	// the task again.
	Turn(c *Carrier) (again bool)

	// Crashed is called when Turn has not returned: with the value and the
	// stack of a panic, or with ErrGoexit. Its result is as Turn's.
	Crashed(c *Carrier, value any, stack []byte) (again bool)
}

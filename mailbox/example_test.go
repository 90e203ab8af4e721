package mailbox_test

import (
	"errors"
	"fmt"

	"github.com/ractor-go/ractor/mailbox"
)

// One turn of a consumer. Whatever came first, the request to stop is served before the messages.
func Example() {
	var box mailbox.Mailbox[string, error]
	var pool mailbox.Pool[string]

	fmt.Println(box.Push(&pool, nil, "a"), "- the first one has to schedule the consumer")
	fmt.Println(box.Push(&pool, nil, "b"))
	fmt.Println(box.PushControl(mailbox.Stop, errors.New("enough")))

	var cache mailbox.Cache[string]
	for !box.Sleep() {
		if box.HasControl() {
			lane, err, _ := box.PopControl()
			fmt.Println(lane, err)
		} else if m, ok := box.Pop(&pool, &cache); ok {
			fmt.Println("message", m)
		}
	}
	fmt.Println(box.Push(&pool, nil, "c"))
	// Output:
	// wake - the first one has to schedule the consumer
	// queued
	// queued
	// stop enough
	// message a
	// message b
	// wake
}

func ExampleMailbox_Bound() {
	var box mailbox.Mailbox[int, error]
	fmt.Println(box.Bound(0))
	fmt.Println(box.Bound(2))
	for i := range 3 {
		fmt.Println(box.Push(nil, nil, i))
	}
	oldest, _ := box.PopOldest()
	fmt.Println("dropped", oldest)
	fmt.Println(box.Push(nil, nil, 3))
	// Output:
	// mailbox: bound out of range: 0 is not between 1 and 1073741824
	// <nil>
	// wake
	// queued
	// full
	// dropped 0
	// queued
}

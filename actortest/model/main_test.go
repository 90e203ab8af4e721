package model_test

import (
	"testing"

	"go.uber.org/goleak"
)

// The goroutines that are there before the first test are those that ants
// starts for its default pool when it is imported; they are not ours to end.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }

package supervisor_test

import (
	"testing"

	"go.uber.org/goleak"
)

// What is there before the first test is what ants starts when it is imported.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }

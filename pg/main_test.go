package pg_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/ractor-go/ractor/internal/leaks"
)

// What is there before the first test is what ants starts when it is imported.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, leaks.Ants()...) }

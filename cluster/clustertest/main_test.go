package clustertest_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/ractor-go/ractor/internal/leaks"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, leaks.Ants()...)
}

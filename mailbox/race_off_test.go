//go:build !race

package mailbox_test

const underRace = false

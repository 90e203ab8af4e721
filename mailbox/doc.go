// Package mailbox is the input of one actor.
package mailbox

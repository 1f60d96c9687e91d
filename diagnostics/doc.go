// Package diagnostics will say what is wrong with an integration, since when, for whom, and what to do about it. It has
// the words for that: the categories of diagnosis, each of which names the thing that somebody has to change.
package diagnostics

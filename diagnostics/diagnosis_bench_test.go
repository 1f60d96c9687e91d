package diagnostics

import "testing"

// BenchmarkDiagnose diagnoses real failures one after another.
func BenchmarkDiagnose(b *testing.B) {
	c, err := Builtin()
	if err != nil {
		b.Fatal(err)
	}
	list := readLabelled(b)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		c.Diagnose(list[i%len(list)].observation())
		i++
	}
}

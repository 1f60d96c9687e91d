package directory

// RememberWhole sets how many connected apps a tenant has at most of which all are remembered.
func (s *Store) RememberWhole(most int) { s.resolver.mostWhole = most }

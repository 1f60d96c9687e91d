package redact

const (
	shortestCard = 13
	longestCard  = 19
	// mostGroups bounds how a card number is written: 4-4-4-4-3.
	mostGroups = 5
)

// findCard looks at the run of digits whose third one stands at s[at]. It reports
// the range of a payment card number, and where the search goes on: past the
// whole run, so that a long run is looked at once.
func findCard(s []byte, at, floor int) (from, to, next int, ok bool) {
	from = at - 2
	end := run(s, from, digits)
	if from < floor || !mayPrecede(s, from) {
		return 0, 0, end, false
	}
	if end-from >= shortestCard {
		// Shop systems count their objects in 13 digits.
		id := end-from == shortestCard && from > 0 && s[from-1] == '/'
		return from, end, end, !id && mayFollow(s, end) && cardNumber(s[from:end])
	}
	if end-from != 4 || end+1 >= len(s) || (s[end] != ' ' && s[end] != '-') || !issuer(s[from:end]) {
		return 0, 0, end, false
	}
	to, ok = groupedCard(s, from)
	if !ok {
		return 0, 0, end, false
	}
	return from, to, to, true
}

// groupedCard tries the number in groups of four (or 4-6-5, 4-6-4) at s[from],
// the longest first.
func groupedCard(s []byte, from int) (int, bool) {
	var ends [mostGroups]int
	var number [longestCard]byte
	var lengths [mostGroups]int
	n, groups := 0, 0
	sep := s[from+4]
	for i := from; groups < mostGroups; {
		end := run(s, i, digits)
		size := end - i
		if size == 0 || n+size > longestCard || !groupFits(groups, size, lengths[1]) {
			break
		}
		n += copy(number[n:], s[i:end])
		ends[groups], lengths[groups] = end, n
		if groups == 1 {
			lengths[1] = size
		}
		groups++
		i = end + 1
		if end >= len(s) || s[end] != sep {
			break
		}
	}
	for g := groups; g >= 3; g-- {
		total := 0
		for k, at := 0, from; k < g; k++ {
			total += ends[k] - at
			at = ends[k] + 1
		}
		if total >= shortestCard && mayFollow(s, ends[g-1]) && cardNumber(number[:total]) {
			return ends[g-1], true
		}
	}
	return 0, false
}

// groupFits reports whether a group of size digits may stand at index; second is
// the size of the group at index 1.
func groupFits(index, size, second int) bool {
	switch {
	case index == 0:
		return size == 4
	case index == 1:
		return size == 4 || size == 6
	case second == 6:
		return index == 2 && (size == 4 || size == 5)
	default:
		return size <= 4
	}
}

// mayPrecede reports whether a number may begin at s[i]: not inside a word, an
// identifier or a decimal.
func mayPrecede(s []byte, i int) bool {
	if i == 0 {
		return true
	}
	switch prev := s[i-1]; prev {
	case '_':
		return false
	case '.', ',':
		return i < 2 || !isDigit(s[i-2])
	case '-': // after a letter a dash, else a minus
		return i > 1 && isAlnum(s[i-2]) && !isDigit(s[i-2])
	default:
		return opens(s, i)
	}
}

// mayFollow reports whether a number may end before s[i].
func mayFollow(s []byte, i int) bool {
	if i >= len(s) {
		return true
	}
	switch s[i] {
	case '_':
		return false
	case '.', '-':
		return i+1 >= len(s) || !isAlnum(s[i+1])
	default:
		return !isAlnum(s[i])
	}
}

// cardNumber reports whether the digits are a number that an issuer gives out: a
// known beginning, a length that goes with it, and the Luhn check.
func cardNumber(d []byte) bool {
	return issued(d) && luhn(d)
}

// issuer reports whether a card number may begin with these four digits.
func issuer(d []byte) bool {
	four := prefix(d)
	return issuesLength(four, 16) || issuesLength(four, 15)
}

// prefix is the number that the first four digits make.
func prefix(d []byte) int {
	return int(d[0]-'0')*1000 + int(d[1]-'0')*100 + int(d[2]-'0')*10 + int(d[3]-'0')
}

func issued(d []byte) bool {
	n := len(d)
	return n >= shortestCard && n <= longestCard && issuesLength(prefix(d), n)
}

// issuesLength reports whether the issuer that four stands for gives out numbers
// of n digits.
func issuesLength(four, n int) bool {
	two := four / 100
	switch {
	case four/1000 == 4: // Visa
		return n == 13 || n == 16 || n == 19
	case two == 34 || two == 37: // American Express
		return n == 15
	case two >= 51 && two <= 55, four >= 2221 && four <= 2720: // Mastercard
		return n == 16
	case four >= 2200 && four <= 2204: // Mir
		return n >= 16
	case four == 6011, two == 65, four >= 6440 && four <= 6499, two == 62, two == 81: // Discover, UnionPay
		return n >= 16
	case four >= 3528 && four <= 3589: // JCB
		return n >= 16
	case four >= 3000 && four <= 3059, four == 3095, two == 36, two == 38, two == 39: // Diners Club
		return n == 14 || n == 16
	case four == 5018, four == 5020, four == 5038, four == 5893, four == 6304, four == 6759,
		four >= 6761 && four <= 6763: // Maestro
		return n == 13 || n >= 16
	default:
		return false
	}
}

func luhn(d []byte) bool {
	sum := 0
	for i, c := range d {
		v := int(c - '0')
		if (len(d)-i)%2 == 0 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}

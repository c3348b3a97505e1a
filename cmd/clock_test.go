package cmd

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"chat/modules/pgtest"
)

// fetch gives the body of a GET that has to succeed.
func fetch(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s %v", url, res.StatusCode, body, err)
	}
	return string(body)
}

// TestAClockThatDiffersIsAWarning: in /readyz, the log and a metric, and the process stays ready. PostgreSQL's clock is put
// wrong by a function of its name that the process finds first.
func TestAClockThatDiffersIsAWarning(t *testing.T) {
	store := pgtest.URL(t)
	db := pgtest.Open(t, store)
	put := func(seconds int) {
		t.Helper()
		statement := fmt.Sprintf(`CREATE OR REPLACE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql
			AS 'SELECT pg_catalog.clock_timestamp() + interval ''%d seconds'''`, seconds)
		if _, err := db.Pool().ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	put(300)
	address, err := url.Parse(store)
	if err != nil {
		t.Fatal(err)
	}
	q := address.Query()
	q.Set("search_path", "public,pg_catalog")
	address.RawQuery = q.Encode()
	b := newBinary(t)
	b.env = []string{"DATABASE_URL=" + address.String(), signing}
	metrics := freePort(t)
	product := b.start("--metrics-addr", "127.0.0.1:"+metrics)
	for _, c := range []struct {
		seconds, ahead int
		warning        string
	}{
		{300, -300, "differs from PostgreSQL's by 5m0s"},
		{29, -29, ""},
		{-45, 45, "differs from PostgreSQL's by 45s"},
		{0, 0, ""},
	} {
		put(c.seconds)
		body := strings.TrimSpace(fetch(t, "http://127.0.0.1:"+b.port+"/readyz"))
		want := `{"status":"ready"}`
		if c.warning != "" {
			want = `{"status":"ready","warnings":{"clock":"` + c.warning + `"}}`
		}
		if body != want {
			t.Errorf("PostgreSQL's clock %d s off: %s, want %s", c.seconds, body, want)
		}
		for line := range strings.Lines(fetch(t, "http://127.0.0.1:"+metrics+"/metrics")) {
			text, ok := strings.CutPrefix(line, "chat_clock_skew_seconds ")
			if !ok {
				continue
			}
			ahead, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			if err != nil || ahead < float64(c.ahead)-5 || ahead > float64(c.ahead)+5 {
				t.Errorf("PostgreSQL's clock %d s off: the metric is %s", c.seconds, text)
			}
			c.ahead = 0 // seen
		}
		if c.ahead != 0 {
			t.Error("there is no metric")
		}
	}
	b.end(product)
	said := product.Stderr.(*bytes.Buffer).String()
	if strings.Count(said, `"message":"this machine's clock differs from PostgreSQL's`) != 2 || !strings.Contains(said, `"ahead":"-5m0s"`) ||
		strings.Count(said, "agrees with PostgreSQL's again") != 2 {
		t.Errorf("the log says:\n%s", said)
	}
}

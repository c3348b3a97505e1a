package pg_test

import (
	"net/url"
	"strings"
	"testing"

	"chat/modules/pg"
	"chat/modules/pgtest"
)

// TestBothDriversUnderstandAnAddress: what an address says is meant for the writers too.
func TestBothDriversUnderstandAnAddress(t *testing.T) {
	address := pgtest.URL(t)
	for name, c := range map[string]struct{ query, setting, value string }{
		"options":             {"options=-c%20work_mem%3D8MB%20-c%20geqo%3Doff", "work_mem", "8MB"},
		"options with a plus": {"options=-c+work_mem%3D9MB", "work_mem", "9MB"},
		"a name":              {"application_name=my%20chat%20%2B1", "application_name", "my chat +1"},
		"a name to fall back": {"fallback_application_name=chat", "application_name", "chat"},
		"both names":          {"fallback_application_name=chat&application_name=mine", "application_name", "mine"},
		"a time zone":         {"TimeZone=Asia/Tokyo", "TimeZone", "Asia/Tokyo"},
		"dates":               {"datestyle=ISO,%20MDY", "DateStyle", "ISO, MDY"},
		"an encoding":         {"client_encoding=UTF8", "client_encoding", "UTF8"},
		"versions of TLS":     {"ssl_min_protocol_version=TLSv1.2&ssl_max_protocol_version=TLSv1.3", "geqo", "on"},
		"drivers' settings":   {"binary_parameters=yes&disable_prepared_binary_result=yes&sslsni=1&tz=Asia/Tokyo&geqo=off", "geqo", "on"},
		"hosts":               {"load_balance_hosts=random&target_session_attrs=read-write&connect_timeout=3", "geqo", "on"},
	} {
		t.Run(name, func(t *testing.T) { sameForBoth(t, address+"&"+c.query, c.setting, c.value) })
	}
}

func sameForBoth(t *testing.T, address, setting, want string) {
	t.Helper()
	ctx := t.Context()
	db, err := pg.Open(address, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for name, pool := range map[string]*pg.DB{"writers": db.Writers(1), "the others": db} {
		var value string
		err := pool.Tx(ctx, func(tx *pg.Tx) error { return tx.Get(ctx, &value, `SELECT current_setting($1)`, setting) })
		if err != nil || value != want {
			t.Errorf("%s: %s is %q, %v, want %q", name, setting, value, err, want)
		}
	}
}

// TestBothDriversFindTheServer: by a network address beside a name, or instead of one.
func TestBothDriversFindTheServer(t *testing.T) {
	u, err := url.Parse(newMute(t).url)
	if err != nil {
		t.Fatal(err)
	}
	port := u.Port()
	u.Host = ""
	for name, hosts := range map[string]string{
		"an address beside a name": "hostaddr=127.0.0.1&host=nowhere.invalid&port=" + port,
		"an address alone":         "hostaddr=127.0.0.1&port=" + port,
		"several":                  "hostaddr=127.0.0.1,127.0.0.1&port=1," + port,
		"no host":                  "port=" + port,
	} {
		t.Run(name, func(t *testing.T) { sameForBoth(t, u.String()+"&"+hosts, "geqo", "on") })
	}
}

func TestAnAddressThatIsNotUnderstood(t *testing.T) {
	for _, address := range []string{
		"postgres://a:geheim@x/y?sslinline=true", "postgres://a:geheim@x/y?sslcert=/nowhere&sslkey=/nowhere&sslmode=require",
		"postgres://a:geheim@x:port/y",
	} {
		if _, err := pg.Open(address, 2); err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

package pg

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/lib/pq"
)

// maxIdle is how long a transaction may do nothing before PostgreSQL ends it.
const maxIdle = 3 * time.Second

// withSettings adds what each connection asks for at its start, where a pooler in transaction mode can be told to leave it
// out.
//
// Each prepared statement is planned once: PostgreSQL would plan most of ours at every run, because it thinks arrays of one
// element cheaper than arrays in general, and planning costs several times what the statement does. And a transaction ends
// that does nothing for 3 s: its process is frozen or cut off, and others wait for the chats that it has locked.
func withSettings(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", errors.New("the database address is not of the form postgres://user:password@host:port/name")
	}
	q := u.Query()
	q.Set("plan_cache_mode", "force_generic_plan")
	q.Set("idle_in_transaction_session_timeout", fmt.Sprint(maxIdle.Milliseconds()))
	return withQuery(u, q), nil
}

// withQuery is an address with these settings. A space is %20: libpq, and pgconn with it, knows no +.
func withQuery(u *url.URL, q url.Values) string {
	changed := *u
	changed.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20")
	return changed.String()
}

// writerConfig is what the address says to lib/pq, said to pgconn, which has other words for some settings and other defaults,
// and sends to PostgreSQL what it does not know. Its errors quote nothing of the address.
func writerConfig(address string) (*pgconn.Config, error) {
	read, err := pq.NewConfig(address)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("it is not of the form postgres://user:password@host:port/name")
	}
	if read.SSLInline {
		return nil, errors.New("sslinline is not known here: sslcert, sslkey and sslrootcert name files")
	}
	q := u.Query()
	for _, name := range []string{ // what lib/pq does not send
		"binary_parameters", "disable_prepared_binary_result", "fallback_application_name", "hostaddr", "load_balance_hosts",
		"geqo", "ssl_max_protocol_version", "ssl_min_protocol_version", "sslinline", "tz",
	} {
		q.Del(name)
	}
	hosts, ports, addresses := hostsOf(read)
	for name, value := range map[string]string{
		"host": strings.Join(hosts, ","), "port": strings.Join(ports, ","),
		"user": read.User, "password": read.Password, "dbname": read.Database,
		"application_name": cmp.Or(read.ApplicationName, read.FallbackApplicationName),
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	config, err := pgconn.ParseConfig(withQuery(u, q))
	if err != nil {
		return nil, errors.New("its settings are not understood") // pgconn's error may quote the address
	}
	config.RuntimeParams["client_encoding"] = "UTF8" // as lib/pq has it
	config.LookupFunc = func(ctx context.Context, host string) ([]string, error) {
		if known, ok := addresses[host]; ok {
			return []string{known.String()}, nil
		}
		return net.DefaultResolver.LookupHost(ctx, host)
	}
	limitTLS(config, read)
	return config, nil
}

// hostsOf gives the servers of an address, and the network addresses of those that have one besides.
func hostsOf(read pq.Config) (hosts, ports []string, addresses map[string]netip.Addr) {
	addresses = map[string]netip.Addr{}
	servers := append([]pq.ConfigMultihost{{Host: read.Host, Hostaddr: read.Hostaddr, Port: read.Port}}, read.Multi...)
	for _, s := range servers {
		host := s.Host
		if _, twice := addresses[host]; twice || host == "" {
			host = s.Hostaddr.String()
		}
		if s.Hostaddr.IsValid() {
			addresses[host] = s.Hostaddr
		}
		hosts, ports = append(hosts, host), append(ports, fmt.Sprint(s.Port))
	}
	return hosts, ports, addresses
}

// limitTLS keeps every attempt to connect within the versions that the address names.
func limitTLS(config *pgconn.Config, read pq.Config) {
	versions := map[pq.SSLProtocolVersion]uint16{
		pq.SSLProtocolVersionTLS10: tls.VersionTLS10, pq.SSLProtocolVersionTLS11: tls.VersionTLS11,
		pq.SSLProtocolVersionTLS12: tls.VersionTLS12, pq.SSLProtocolVersionTLS13: tls.VersionTLS13,
	}
	attempts := []*tls.Config{config.TLSConfig}
	for _, fallback := range config.Fallbacks {
		attempts = append(attempts, fallback.TLSConfig)
	}
	for _, attempt := range attempts {
		if attempt != nil {
			attempt.MinVersion, attempt.MaxVersion = versions[read.SSLMinProtocolVersion], versions[read.SSLMaxProtocolVersion]
		}
	}
}

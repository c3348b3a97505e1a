package server

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"chat/modules/fault"
	"chat/modules/gql"
	"chat/modules/identity"
)

// The media types of answers. Source: GraphQL over HTTP, "Media Types".
const (
	mediaResponse = "application/graphql-response+json"
	mediaJSON     = "application/json"
)

// retrySeconds is when it makes sense to call again after a store was out of reach.
const retrySeconds = "1"

// graphql is /graphql: POST of JSON, the upgrade to WebSocket, and GraphiQL for people.
func (s *Server) graphql(w http.ResponseWriter, r *http.Request) {
	switch {
	case isUpgrade(r):
		s.upgrade(w, r)
	case r.Method == http.MethodPost:
		s.post(w, r)
	case r.Method == http.MethodGet && s.config.Development && r.URL.RawQuery == "" && accepts(r, "text/html"):
		s.graphiql(w, r)
	default:
		w.Header().Set("Allow", "POST")
		gql.WriteError(w, http.StatusMethodNotAllowed, gql.NewError(r.Context(), gql.BadRequest, "GraphQL is served on POST"))
	}
}

func isUpgrade(r *http.Request) bool { return websocket.IsWebSocketUpgrade(r) }

func (s *Server) upgrade(w http.ResponseWriter, r *http.Request) {
	if s.config.Socket == nil {
		gql.WriteError(w, http.StatusBadRequest, gql.NewError(r.Context(), gql.BadRequest, "This role has no subscriptions; --role=receiver has"))
		return
	}
	s.config.Socket.ServeHTTP(w, r)
}

func (s *Server) post(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	media := answerMedia(r)
	if media == "" {
		gql.WriteError(w, http.StatusNotAcceptable, gql.NewError(ctx, gql.BadRequest, "Answers are "+mediaResponse+" or "+mediaJSON))
		return
	}
	if status, refusal := s.refuseMedia(ctx, r); refusal != nil {
		gql.WriteError(w, status, refusal)
		return
	}
	began := time.Now()
	called, err := s.config.Identify(ctx, r.Header)
	spent := time.Since(began)
	if err != nil {
		w.Header().Set("Connection", "close") // the body is not waited for
		s.refuse(w, r, err)
		return
	}
	keeper := browser(r)
	if keeper != nil {
		called = identity.WithBrowser(called, keeper)
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime)) // of a connection that can
	req, err := body(w, r)
	if err != nil {
		w.Header().Set("Connection", "close") // the rest of the body is not waited for
		status, refusal := refuseBody(ctx, err)
		gql.WriteError(w, status, refusal)
		return
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	res := s.run(called, req, spent)
	defer res.Release()
	if keeper != nil && keeper.Token != "" {
		s.keep(w, r, keeper)
	}
	s.answer(w, media, res)
}

// body reads the request, and nothing of one that says that it is too long.
func body(w http.ResponseWriter, r *http.Request) (gql.Request, error) {
	if r.ContentLength > maxBodyBytes {
		return gql.Request{}, &http.MaxBytesError{Limit: maxBodyBytes}
	}
	return decode(http.MaxBytesReader(w, r.Body, maxBodyBytes), r.ContentLength)
}

// run answers a request, for which so much of its time was spent already.
func (s *Server) run(ctx context.Context, req gql.Request, spent time.Duration) *gql.Response {
	doc, refusal := s.config.Exec.Parse(ctx, req)
	if refusal != nil {
		return gql.Failed(refusal)
	}
	if doc.IsSubscription() {
		return gql.Failed(gql.NewError(ctx, gql.BadRequest, "A subscription needs a WebSocket"))
	}
	if s.config.Grant != nil {
		if err := s.config.Grant(ctx, doc); err != nil {
			res := gql.Failed(s.config.Exec.Refuse(ctx, err))
			res.Started = true // the request is well-formed: 200 under both media types
			return res
		}
	}
	return s.config.Exec.Execute(ctx, doc, spent)
}

// answer writes a response. A request that never began is 400, but 200 where the answer is plain JSON, which old clients
// read whatever it says; one that is none of GraphQL over HTTP is 400 to them as well.
func (s *Server) answer(w http.ResponseWriter, media string, res *gql.Response) {
	status := http.StatusOK
	if !res.Started && (media == mediaResponse || isNone(res)) {
		status = http.StatusBadRequest
	}
	text, err := res.Encode()
	if err != nil {
		s.config.Log.Error().Err(err).Msg("a response cannot be encoded")
		status, text = http.StatusInternalServerError, []byte(`{"errors":[{"message":"Internal error"}]}`)
	}
	if gql.OutOfReach(res.Errors) != nil {
		w.Header().Set("Retry-After", retrySeconds)
	}
	w.Header().Set("Content-Type", media+"; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that is gone gets none
}

func isNone(res *gql.Response) bool {
	return slices.ContainsFunc(res.Errors, func(e *gql.Error) bool { return e.Extensions["code"] == string(gql.BadRequest) })
}

// answerMedia negotiates the media type of the answer; "" where none will do. Without a preference it is plain JSON, as
// clients from before the specification expect.
func answerMedia(r *http.Request) string {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	if accept == "" {
		return mediaJSON
	}
	for part := range strings.SplitSeq(accept, ",") {
		media, params, err := mime.ParseMediaType(strings.TrimSpace(part))
		if err != nil || params["q"] == "0" {
			continue
		}
		switch media {
		case mediaResponse:
			return mediaResponse
		case mediaJSON, "application/*", "*/*":
			return mediaJSON
		}
	}
	return ""
}

func accepts(r *http.Request, media string) bool {
	return strings.Contains(strings.Join(r.Header.Values("Accept"), ","), media)
}

// refuseMedia refuses bodies that are not JSON. A page of a stranger can send the others without being asked first.
func (s *Server) refuseMedia(ctx context.Context, r *http.Request) (int, *gql.Error) {
	header := r.Header.Get("Content-Type")
	if header == "" {
		return http.StatusBadRequest, gql.NewError(ctx, gql.BadRequest, "The Content-Type is missing; it must be application/json")
	}
	media, params, err := mime.ParseMediaType(header)
	charset := strings.ToLower(params["charset"])
	if err != nil || media != mediaJSON || charset != "" && charset != "utf-8" && charset != "utf8" {
		return http.StatusUnsupportedMediaType, gql.NewError(ctx, gql.UnsupportedMedia, "The Content-Type must be application/json in UTF-8")
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return http.StatusUnsupportedMediaType, gql.NewError(ctx, gql.UnsupportedMedia, "The body must not be compressed")
	}
	return 0, nil
}

// refuseBody is the answer to a body that cannot be read.
func refuseBody(ctx context.Context, err error) (int, *gql.Error) {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return http.StatusRequestEntityTooLarge, gql.NewError(ctx, gql.PayloadTooLarge, "The body is larger than 1 MiB")
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return http.StatusRequestTimeout, gql.NewError(ctx, gql.BadRequest, "The body came too slowly")
	}
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		return http.StatusBadRequest, gql.Show(ctx, f)
	}
	return http.StatusBadRequest, gql.NewError(ctx, gql.BadRequest, "The body is not a GraphQL request in JSON")
}

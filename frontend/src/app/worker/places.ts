/**
 * The paths that the UI's one page shows (and their queries): all that look like no file, but for what the server answers
 * itself.
 */
export const shellPath = /^\/(?!(graphql|auth|healthz|readyz|metrics)(\/|$|\?))[^.?]*(\?|$)/;

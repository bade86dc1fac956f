/// The methods of HTTP: those that are registered (IANA HTTP Method Registry) or that parsers in wide use know. Whether a
/// trigger allows one is the trigger's to say; anything else is no request that a webhook's sender makes.
enum Methods {
  /// The usual ones first.
  static let byUse: [[UInt8]] = [
    "POST", "GET", "HEAD", "PUT", "OPTIONS", "PATCH", "DELETE", "QUERY", "CONNECT", "TRACE", "ACL", "BASELINE-CONTROL", "BIND",
    "CHECKIN",
    "CHECKOUT", "COPY", "LABEL", "LINK", "LOCK", "M-SEARCH", "MERGE", "MKACTIVITY", "MKCALENDAR", "MKCOL", "MKREDIRECTREF",
    "MKWORKSPACE",
    "MOVE", "NOTIFY", "ORDERPATCH", "PROPFIND", "PROPPATCH", "PURGE", "REBIND", "REPORT", "SEARCH", "SOURCE", "SUBSCRIBE",
    "UNBIND",
    "UNCHECKOUT", "UNLINK", "UNLOCK", "UNSUBSCRIBE", "UPDATE", "UPDATEREDIRECTREF", "VERSION-CONTROL",
  ].map { Array($0.utf8) }

  static let connect = Array("CONNECT".utf8)
  static let trace = Array("TRACE".utf8)
  static let options = Array("OPTIONS".utf8)
}

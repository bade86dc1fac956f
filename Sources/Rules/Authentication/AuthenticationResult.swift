/// What came of checking a request's credential.
package enum AuthenticationResult: Hashable, Sendable {
  /// The caller is who the trigger expects, by the active secret of that index; `nil` where nothing is checked.
  case verified(secretIndex: Int?)
  /// The caller is not, or cannot be, believed.
  case refused(AuthenticationRefusal)
}

/// Why a credential was not accepted: for the trigger's owner and the log, never for the caller.
package struct AuthenticationRefusal: Error, Hashable, Sendable {
  /// The kind.
  package let cause: RefusalCause
  /// The header, parameter or field that decided, such as `headers["x-signature"]`; never its value.
  package let at: String
  /// One sentence without anything secret.
  package let because: String

  init(_ cause: RefusalCause, at: String, _ because: String) {
    self.cause = cause
    self.at = at
    self.because = because
  }
}

/// Words in the form that label values and names have.
package enum MetricName {
  /// "credentialWrong" becomes "credential_wrong".
  package static func snakeCase(_ camelCase: String) -> String {
    camelCase.reduce(into: "") { text, character in
      if character.isUppercase, !text.isEmpty { text += "_" }
      text += character.lowercased()
    }
  }
}

/// What a variable's value becomes.
///
/// | type | JSON string | JSON number | true, false | list, object | text of a header, query or form |
/// |---|---|---|---|---|---|
/// | `auto` | as it is | as it is | as it is | as it is | string; list or object where it is one |
/// | `string` | as it is | its digits | `"true"`, `"false"` | fault | string |
/// | `number` | the number written in it | as it is | fault | fault | the number written in it |
/// | `boolean` | see below | see below | as it is | fault | see below |
/// | `json` | the JSON written in it | as it is | as it is | as it is | the JSON written in it |
///
/// - A number is never computed with: `12.50` stays `12.50`, 2^53+1 stays what it is, and so does `1e400`. A number
///   written in a text is one of JSON (RFC 8259 §6), white space around it aside: not `+5`, `.5`, `007`, `1,5`, `0x10`.
/// - A boolean is `true` or `false` in any case, or `1` or `0`; never "yes", "on" or an empty text, which mean
///   different things to different senders.
/// - `null` is no value: the default, or none.
package enum VariableType: String, CaseIterable, Sendable {
  case auto
  case string
  case number
  case boolean
  case json
}

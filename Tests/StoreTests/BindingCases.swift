import Testing

/// What happens to customers and chats, as it is specified. Customers are called A, B, C and chats a, b, c in the order in which they
/// were created; numbers without country are of Brazil.
struct BindingCase: CustomTestStringConvertible, Sendable {
  var rule: String
  /// Requests before. A field is `kind: value`, with `*` where it is a key; `chat channel: contact`.
  var before: [String] = []
  var request: String
  /// The customer and how it was come by; the fields and what became of them; other matches; the chat.
  var outcome: String
  /// What there is afterwards: name, e-mail, phone, document and contacts of each customer; then the chats.
  var then: [String]

  var testDescription: String { rule }

  static let finding: [BindingCase] = [
    BindingCase(
      rule: "nobody is known: created", request: "email*: Ana@X.com, name: Ana", outcome: "A created; email set, name set",
      then: ["A Ana ana@x.com - - [email:ana@x.com]"]),
    BindingCase(
      rule: "an e-mail address however it is written", before: ["email*: ana@x.com"], request: "email*:  ANA@X.com ",
      outcome: "A found by email; email unchanged", then: ["A - ana@x.com - - [email:ana@x.com]"]),
    BindingCase(
      rule: "a phone number however it is written", before: ["phone*: +55 11 98888-7777"], request: "phone*: (11) 98888.7777",
      outcome: "A found by phone; phone unchanged", then: ["A - - +5511988887777 - [phone:+5511988887777]"]),
    BindingCase(
      rule: "a document with and without punctuation", before: ["document*: 123.456.789-09"], request: "document*: 12345678909",
      outcome: "A found by document; document unchanged", then: ["A - - - 12345678909 [document:12345678909]"]),
    BindingCase(
      rule: "a WhatsApp account by its number", before: ["whatsapp*: 5511988887777"], request: "whatsapp*: +55 (11) 98888-7777",
      outcome: "A found by whatsapp; whatsapp unchanged", then: ["A - - - - [whatsapp:+5511988887777]"]),
    BindingCase(
      rule: "an Instagram handle with and without @", before: ["instagram*: @Ana"], request: "instagram*: ana",
      outcome: "A found by instagram; instagram unchanged", then: ["A - - - - [instagram:ana]"]),
    BindingCase(
      rule: "a Telegram handle with and without @", before: ["telegram*: ana"], request: "telegram*: @ANA",
      outcome: "A found by telegram; telegram unchanged", then: ["A - - - - [telegram:ana]"]),
    BindingCase(
      rule: "a name, upper and lower case alike", before: ["name*: Ana Maria"], request: "name*: Ana  MARIA",
      outcome: "A found by name; name updated", then: ["A Ana MARIA - - - []"]),
    BindingCase(
      rule: "any key finds, not the first alone", before: ["phone*: 11988887777"],
      request: "email*: ana@x.com, phone*: 11988887777", outcome: "A found by phone; email set, phone unchanged",
      then: ["A - ana@x.com +5511988887777 - [email:ana@x.com phone:+5511988887777]"]),
    BindingCase(
      rule: "the configured order decides, not age", before: ["email*: ana@x.com", "phone*: 11988887777"],
      request: "phone*: 11988887777, email*: ana@x.com",
      outcome: "B found by phone; phone unchanged, email conflict; others A by email",
      then: ["A - ana@x.com - - [email:ana@x.com]", "B - - +5511988887777 - [phone:+5511988887777]"]),
    BindingCase(
      rule: "the configured order decides, the other way", before: ["email*: ana@x.com", "phone*: 11988887777"],
      request: "email*: ana@x.com, phone*: 11988887777",
      outcome: "A found by email; email unchanged, phone conflict; others B by phone",
      then: ["A - ana@x.com - - [email:ana@x.com]", "B - - +5511988887777 - [phone:+5511988887777]"]),
    BindingCase(
      rule: "further matches are reported, the oldest first", before: ["email*: a@x.com", "telegram*: ana", "document*: 1"],
      request: "document*: 1, telegram*: ana, email*: a@x.com",
      outcome: "C found by document; document unchanged, telegram conflict, email conflict; others A by email, B by telegram",
      then: ["A - a@x.com - - [email:a@x.com]", "B - - - - [telegram:ana]", "C - - - 1 [document:1]"]),
    BindingCase(
      rule: "two keys of one other customer are one match", before: ["email*: a@x.com, telegram: ana", "document*: 1"],
      request: "document*: 1, telegram*: ana, email*: a@x.com",
      outcome: "B found by document; document unchanged, telegram conflict, email conflict; others A by telegram",
      then: ["A - a@x.com - - [email:a@x.com telegram:ana]", "B - - - 1 [document:1]"]),
    BindingCase(
      rule: "of two with the name the older", before: ["email*: a@x.com, name: Ana", "email*: b@x.com, name: Ana"],
      request: "name*: Ana", outcome: "A found by name; name unchanged; others B by name",
      then: ["A Ana a@x.com - - [email:a@x.com]", "B Ana b@x.com - - [email:b@x.com]"]),
    BindingCase(
      rule: "a name that the customer has no more finds nobody",
      before: ["email*: a@x.com, name: Ana", "email*: a@x.com, name: Bia"], request: "name*: Ana",
      outcome: "B created; name set", then: ["A Bia a@x.com - - [email:a@x.com]", "B Ana - - - []"]),
    BindingCase(
      rule: "found by a contact that is not the direct one",
      before: ["phone*: 11988887777, email: a@x.com", "phone*: 11988887777, email: b@x.com"],
      request: "email*: b@x.com", outcome: "A found by email; email unchanged",
      then: ["A - a@x.com +5511988887777 - [email:a@x.com email:b@x.com phone:+5511988887777]"]),
    BindingCase(
      rule: "a field that is no key finds nobody", before: ["email*: ana@x.com"],
      request: "phone*: 11988887777, email: ana@x.com",
      outcome: "B created; phone set, email conflict",
      then: ["A - ana@x.com - - [email:ana@x.com]", "B - - +5511988887777 - [phone:+5511988887777]"]),
    BindingCase(
      rule: "the same number as phone finds no WhatsApp account", before: ["phone*: 11988887777"],
      request: "whatsapp*: 11988887777",
      outcome: "B created; whatsapp added",
      then: ["A - - +5511988887777 - [phone:+5511988887777]", "B - - - - [whatsapp:+5511988887777]"]),
    BindingCase(
      rule: "no key has a value: nothing is bound", before: ["email*: ana@x.com, name: Ana"],
      request: "email*: , phone*: , name: Ana",
      outcome: "unbound; email missing, phone missing", then: ["A Ana ana@x.com - - [email:ana@x.com]"]),
    BindingCase(
      rule: "no key is valid: nothing is bound", request: "phone*: call me, name: Ana", outcome: "unbound; phone invalid",
      then: []),
    BindingCase(
      rule: "one key is invalid: the others count", request: "phone*: call me, email*: ana@x.com",
      outcome: "A created; phone invalid, email set", then: ["A - ana@x.com - - [email:ana@x.com]"]),
    BindingCase(
      rule: "a value beyond its limit is invalid", request: "email*: ana@x.com, document: \(String(repeating: "1", count: 65))",
      outcome: "A created; email set, document invalid", then: ["A - ana@x.com - - [email:ana@x.com]"]),
  ]

  static let updates: [BindingCase] = [
    BindingCase(
      rule: "name: always updated", before: ["email*: ana@x.com, name: Ana"], request: "email*: ana@x.com, name: Ana Maria",
      outcome: "A found by email; email unchanged, name updated", then: ["A Ana Maria ana@x.com - - [email:ana@x.com]"]),
    BindingCase(
      rule: "name: set where there is none", before: ["email*: ana@x.com"], request: "email*: ana@x.com, name: Ana",
      outcome: "A found by email; email unchanged, name set", then: ["A Ana ana@x.com - - [email:ana@x.com]"]),
    BindingCase(
      rule: "name: the same", before: ["email*: ana@x.com, name: Ana"], request: "email*: ana@x.com, name: Ana",
      outcome: "A found by email; email unchanged, name unchanged", then: ["A Ana ana@x.com - - [email:ana@x.com]"]),
    BindingCase(
      rule: "name: one that is missing changes nothing", before: ["email*: ana@x.com, name: Ana"],
      request: "email*: ana@x.com, name: ",
      outcome: "A found by email; email unchanged, name missing", then: ["A Ana ana@x.com - - [email:ana@x.com]"]),
    BindingCase(
      rule: "e-mail: fills the customer's if there is none", before: ["telegram*: ana"],
      request: "telegram*: ana, email: ana@x.com",
      outcome: "A found by telegram; telegram unchanged, email set", then: ["A - ana@x.com - - [email:ana@x.com telegram:ana]"]),
    BindingCase(
      rule: "e-mail: a second one is one more contact", before: ["telegram*: ana, email: ana@x.com"],
      request: "telegram*: ana, email: ana@y.com", outcome: "A found by telegram; telegram unchanged, email added",
      then: ["A - ana@x.com - - [email:ana@x.com email:ana@y.com telegram:ana]"]),
    BindingCase(
      rule: "e-mail: the second one again", before: ["telegram*: ana, email: ana@x.com", "telegram*: ana, email: ana@y.com"],
      request: "telegram*: ana, email: ana@y.com", outcome: "A found by telegram; telegram unchanged, email unchanged",
      then: ["A - ana@x.com - - [email:ana@x.com email:ana@y.com telegram:ana]"]),
    BindingCase(
      rule: "e-mail: another customer's does not fill", before: ["email*: ana@x.com", "telegram*: bia"],
      request: "telegram*: bia, email: ana@x.com", outcome: "B found by telegram; telegram unchanged, email conflict",
      then: ["A - ana@x.com - - [email:ana@x.com]", "B - - - - [telegram:bia]"]),
    BindingCase(
      rule: "phone: fills the customer's if there is none", before: ["telegram*: ana"],
      request: "telegram*: ana, phone: 11988887777",
      outcome: "A found by telegram; telegram unchanged, phone set",
      then: ["A - - +5511988887777 - [phone:+5511988887777 telegram:ana]"]),
    BindingCase(
      rule: "phone: a second one is one more contact", before: ["telegram*: ana, phone: 11988887777"],
      request: "telegram*: ana, phone: 11977776666", outcome: "A found by telegram; telegram unchanged, phone added",
      then: ["A - - +5511988887777 - [phone:+5511977776666 phone:+5511988887777 telegram:ana]"]),
    BindingCase(
      rule: "phone: one that is none is reported, the rest is done", before: ["telegram*: ana"],
      request: "telegram*: ana, phone: 1, email: ana@x.com",
      outcome: "A found by telegram; telegram unchanged, phone invalid, email set",
      then: ["A - ana@x.com - - [email:ana@x.com telegram:ana]"]),
    BindingCase(
      rule: "document: fills the customer's if there is none", before: ["telegram*: ana"],
      request: "telegram*: ana, document: AB-1",
      outcome: "A found by telegram; telegram unchanged, document set", then: ["A - - - AB1 [document:AB1 telegram:ana]"]),
    BindingCase(
      rule: "document: the customer's stays, a second one is not kept", before: ["telegram*: ana, document: 1"],
      request: "telegram*: ana, document: 2", outcome: "A found by telegram; telegram unchanged, document kept",
      then: ["A - - - 1 [document:1 telegram:ana]"]),
    BindingCase(
      rule: "document: what was not kept finds nobody", before: ["telegram*: ana, document: 1", "telegram*: ana, document: 2"],
      request: "document*: 2", outcome: "B created; document set",
      then: ["A - - - 1 [document:1 telegram:ana]", "B - - - 2 [document:2]"]),
    BindingCase(
      rule: "document: the same", before: ["telegram*: ana, document: 1"], request: "telegram*: ana, document: 1",
      outcome: "A found by telegram; telegram unchanged, document unchanged", then: ["A - - - 1 [document:1 telegram:ana]"]),
    BindingCase(
      rule: "document: another customer's stays there", before: ["document*: 1", "telegram*: bia"],
      request: "telegram*: bia, document: 1", outcome: "B found by telegram; telegram unchanged, document conflict",
      then: ["A - - - 1 [document:1]", "B - - - - [telegram:bia]"]),
    BindingCase(
      rule: "WhatsApp: added, existing ones stay", before: ["telegram*: ana, whatsapp: 11988887777"],
      request: "telegram*: ana, whatsapp: 11977776666", outcome: "A found by telegram; telegram unchanged, whatsapp added",
      then: ["A - - - - [telegram:ana whatsapp:+5511977776666 whatsapp:+5511988887777]"]),
    BindingCase(
      rule: "Instagram: added, existing ones stay", before: ["telegram*: ana, instagram: ana"],
      request: "telegram*: ana, instagram: @ana.shop", outcome: "A found by telegram; telegram unchanged, instagram added",
      then: ["A - - - - [instagram:ana instagram:ana.shop telegram:ana]"]),
    BindingCase(
      rule: "Telegram: added, existing ones stay", before: ["email*: ana@x.com, telegram: ana"],
      request: "email*: ana@x.com, telegram: ana2", outcome: "A found by email; email unchanged, telegram added",
      then: ["A - ana@x.com - - [email:ana@x.com telegram:ana telegram:ana2]"]),
    BindingCase(
      rule: "WhatsApp: another customer's stays there", before: ["whatsapp*: 11988887777", "email*: bia@x.com"],
      request: "email*: bia@x.com, whatsapp: 11988887777", outcome: "B found by email; email unchanged, whatsapp conflict",
      then: ["A - - - - [whatsapp:+5511988887777]", "B - bia@x.com - - [email:bia@x.com]"]),
    BindingCase(
      rule: "one number as phone and as WhatsApp are two contacts", request: "phone*: 11988887777, whatsapp*: 11988887777",
      outcome: "A created; phone set, whatsapp added",
      then: ["A - - +5511988887777 - [phone:+5511988887777 whatsapp:+5511988887777]"]),
    BindingCase(
      rule: "everything at once",
      request:
        "name: Ana, email*: a@x.com, phone*: 11988887777, document*: 1, whatsapp: 11988887777, instagram: ana, telegram: ana",
      outcome:
        "A created; name set, email set, phone set, document set, whatsapp added, instagram added, telegram added",
      then: [
        "A Ana a@x.com +5511988887777 1 [document:1 email:a@x.com instagram:ana phone:+5511988887777 telegram:ana "
          + "whatsapp:+5511988887777]"
      ]),
  ]

  static let chats: [BindingCase] = [
    BindingCase(
      rule: "a chat is created, linked, and its contact is the customer's",
      request: "email*: ana@x.com, chat whatsapp: 11988887777",
      outcome: "A created; email set, chat added; chat a created",
      then: ["A - ana@x.com - - [email:ana@x.com whatsapp:+5511988887777]", "a whatsapp:+5511988887777 of A"]),
    BindingCase(
      rule: "a chat is found by channel and contact", before: ["email*: ana@x.com, chat whatsapp: 11988887777"],
      request: "email*: ana@x.com, chat whatsapp: 5511988887777",
      outcome: "A found by email; email unchanged, chat unchanged; chat a found",
      then: ["A - ana@x.com - - [email:ana@x.com whatsapp:+5511988887777]", "a whatsapp:+5511988887777 of A"]),
    BindingCase(
      rule: "the same contact on another channel is another chat", before: ["email*: ana@x.com, chat whatsapp: 11988887777"],
      request: "email*: ana@x.com, chat sms: 11988887777",
      outcome: "A found by email; email unchanged, chat added; chat b created",
      then: [
        "A - ana@x.com - - [email:ana@x.com sms:+5511988887777 whatsapp:+5511988887777]", "a whatsapp:+5511988887777 of A",
        "b sms:+5511988887777 of A",
      ]),
    BindingCase(
      rule: "without customer binding the chat is nobody's", request: "chat telegram: @ana",
      outcome: "-; chat set; chat a created",
      then: ["a telegram:ana of nobody"]),
    BindingCase(
      rule: "a chat of nobody is linked to the first customer", before: ["chat telegram: ana"],
      request: "email*: ana@x.com, chat telegram: ana", outcome: "A created; email set, chat added; chat a found",
      then: ["A - ana@x.com - - [email:ana@x.com telegram:ana]", "a telegram:ana of A"]),
    BindingCase(
      rule: "a chat of another customer keeps its link", before: ["email*: ana@x.com, chat telegram: ana"],
      request: "email*: bia@x.com, chat telegram: ana", outcome: "B created; email set, chat conflict; chat a found, stays A's",
      then: [
        "A - ana@x.com - - [email:ana@x.com telegram:ana]", "B - bia@x.com - - [email:bia@x.com]", "a telegram:ana of A",
      ]),
    BindingCase(
      rule: "without customer binding the chat's customer is the run's", before: ["email*: ana@x.com, chat telegram: ana"],
      request: "chat telegram: ana", outcome: "- A; chat unchanged; chat a found",
      then: ["A - ana@x.com - - [email:ana@x.com telegram:ana]", "a telegram:ana of A"]),
    BindingCase(
      rule: "so it is when no key has a value", before: ["email*: ana@x.com, chat telegram: ana"],
      request: "email*: , chat telegram: ana", outcome: "unbound A; email missing, chat unchanged; chat a found",
      then: ["A - ana@x.com - - [email:ana@x.com telegram:ana]", "a telegram:ana of A"]),
    BindingCase(
      rule: "no contact: no chat, the customer all the same", request: "email*: ana@x.com, chat telegram: ",
      outcome: "A created; email set, chat missing; chat unbound", then: ["A - ana@x.com - - [email:ana@x.com]"]),
    BindingCase(
      rule: "a contact that is none: no chat", request: "email*: ana@x.com, chat sms: 1",
      outcome: "A created; email set, chat invalid; chat unbound", then: ["A - ana@x.com - - [email:ana@x.com]"]),
    BindingCase(
      rule: "the contact is another customer's: the chat is linked, the contact stays", before: ["whatsapp*: 11988887777"],
      request: "email*: ana@x.com, chat whatsapp: 11988887777", outcome: "B created; email set, chat conflict; chat a created",
      then: [
        "A - - - - [whatsapp:+5511988887777]", "B - ana@x.com - - [email:ana@x.com]", "a whatsapp:+5511988887777 of B",
      ]),
    BindingCase(
      rule: "a contact of a chat is found by later", before: ["email*: ana@x.com, chat whatsapp: 11988887777"],
      request: "whatsapp*: 11988887777", outcome: "A found by whatsapp; whatsapp unchanged",
      then: ["A - ana@x.com - - [email:ana@x.com whatsapp:+5511988887777]", "a whatsapp:+5511988887777 of A"]),
    BindingCase(
      rule: "an e-mail chat's address is a contact, not the customer's own", request: "telegram*: ana, chat email: Ana@x.com",
      outcome: "A created; telegram added, chat added; chat a created",
      then: ["A - - - - [email:ana@x.com telegram:ana]", "a email:ana@x.com of A"]),
    BindingCase(
      rule: "until the customer gives it as such", before: ["telegram*: ana, chat email: ana@x.com"],
      request: "telegram*: ana, email: ana@x.com", outcome: "A found by telegram; telegram unchanged, email set",
      then: ["A - ana@x.com - - [email:ana@x.com telegram:ana]", "a email:ana@x.com of A"]),
    BindingCase(
      rule: "a visitor of the web chat is as it is", request: "chat webchat: Visitor-7F", outcome: "-; chat set; chat a created",
      then: ["a webchat:Visitor-7F of nobody"]),
    BindingCase(
      rule: "customer and chat with the same contact", request: "instagram*: @ana, chat instagram: Ana",
      outcome: "A created; instagram added, chat unchanged; chat a created",
      then: ["A - - - - [instagram:ana]", "a instagram:ana of A"]),
  ]
}

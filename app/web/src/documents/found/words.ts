const KINDS: Record<string, string> = {
  personal: "Personal data", secret: "Secrets", instruction: "Instructions to a language model", hidden_text: "Hidden text", language: "Other language",
  empty: "Almost no text", needs_ocr: "Pictures that could not be read", stale: "Out of date", duplicate: "Nearly the same",
};
const RULES: Record<string, string> = {
  email: "e-mail address", phone: "phone number", credit_card: "card number", iban: "bank account (IBAN)", ip_address: "IP address", person: "name of a person",
  us_ssn: "US social security number", us_itin: "US taxpayer number", uk_nhs: "UK NHS number", uk_nino: "UK insurance number", ca_sin: "Canadian SIN",
  au_tfn: "Australian tax number", au_medicare: "Australian Medicare number", de_tax_id: "German tax number", de_social_security: "German insurance number",
  es_nif: "Spanish NIF", es_nie: "Spanish NIE", it_fiscal_code: "Italian fiscal code", pl_pesel: "Polish PESEL", se_personnummer: "Swedish personal number",
  fi_hetu: "Finnish personal code", in_aadhaar: "Indian Aadhaar", in_pan: "Indian PAN", sg_nric: "Singapore NRIC", kr_rrn: "Korean RRN",
  tr_national_id: "Turkish identity number", speaks_to_model: "speaks to a language model",
};

/** Say a kind of finding in words. */
export function kindInWords(kind: string): string {
  return KINDS[kind] ?? kind.replaceAll("_", " ");
}

/** Say a rule in words: those of secrets are names of programs, parted at their capitals. */
export function ruleInWords(rule: string): string {
  return RULES[rule] ?? rule.replace(/Detector$/, "").replaceAll("_", " ").replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
}

/** Say how grave a finding is. */
export function severityInWords(severity: "low" | "medium" | "high"): string {
  return { low: "minor", medium: "notable", high: "grave" }[severity];
}

export const KIND_NAMES = Object.keys(KINDS);
export const PERSONAL_RULES = Object.keys(RULES).filter((rule) => rule !== "speaks_to_model" && rule !== "person");

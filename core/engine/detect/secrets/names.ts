/** What a name such as `db_password` or `apiKey` says about the value that stands under it. */
export type SecretName = "password" | "aws" | "token" | undefined;

const passwordWords: ReadonlySet<string> = new Set(
  "password passwd pwd pass passphrase passcode pw userpassword dbpassword passwort kennwort senha contraseña contrasena mdp motdepasse wachtwoord".split(
    " ",
  ),
);
const tokenWords: ReadonlySet<string> = new Set(
  "secret secrets token apikey apitoken accesstoken authtoken secretkey accesskey privatekey clientsecret credential credentials bearer".split(
    " ",
  ),
);
const keyOwners: ReadonlySet<string> = new Set(
  "api secret access private auth signing encryption master account storage service client app subscription".split(" "),
);
/** `password_reset_url`, `next_token`, `token_count`: not the secret itself. */
const otherThings: ReadonlySet<string> = new Set(
  (
    "id ids name names type types url uri link path file filename count counts max min limit length size policy policies expires expiry expiration expire ttl hint reset field label input ref " +
    "version page next prev previous pagination continuation cursor public sort partition object idempotency cache arn prompt completion total usage budget rate reason valid strength required enabled " +
    "rotated rotation at date time last vault manager store provider mode format hash"
  ).split(" "),
);

function wordsOf(name: string): string[] {
  return name
    .slice(-64)
    .replaceAll(/([a-z\d])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter((word) => word !== "");
}

function isKeyOfOwner(words: readonly string[]): boolean {
  const at = words.lastIndexOf("key");
  return at > 0 && keyOwners.has(words[at - 1] ?? "");
}

/** Cheap: whether a closer look at the name can be worth it. */
export function mayNameSecret(name: string): boolean {
  return /pass|pwd|pw$|phrase|secret|token|key|cred|bearer|kennwort|senha|contrase|mdp|wachtwoord/i.test(name);
}

export function secretName(name: string): SecretName {
  const words = wordsOf(name);
  if (words.length === 0 || words.some((word) => otherThings.has(word))) return undefined;
  if (words.includes("tokens") || words.includes("keys")) return undefined;
  if (words.includes("aws") && words.includes("secret")) return "aws";
  if (words.some((word) => passwordWords.has(word))) return "password";
  return words.some((word) => tokenWords.has(word)) || isKeyOfOwner(words) ? "token" : undefined;
}

const placeholder =
  /^(?:[$%<{[(*#]|x{3,}|\.{3}|your|my[-_]?(?:secret|password|token|key)|change|example|sample|dummy|placeholder|redacted|hidden|masked|null|none|nil|true|false|undefined|string|env|os\.|process\.|config|secrets?[.:/]|vault|arn:|https?:|file:|ref\+|op:\/\/|s3:)/i;

/** `get_password(user`, `self.password`: program source that names a secret without holding it. */
const code = /^[A-Za-z_$][\w$.]*\(|^[A-Za-z_$]+(?:\.[A-Za-z_$]+)+$/;

/** Stands for a secret that is somewhere else: `${DB_PASSWORD}`, `<token>`, `****`, `process.env.KEY`. */
export function isPlaceholder(value: string): boolean {
  if (placeholder.test(value) || code.test(value)) return true;
  if (passwordWords.has(value.toLowerCase()) || tokenWords.has(value.toLowerCase())) return true;
  for (let i = 1; i < value.length; i++) if (value.charCodeAt(i) !== value.charCodeAt(0)) return false;
  return true;
}

/** Shannon entropy in bits per character. */
export function entropy(value: string): number {
  const counts = new Map<string, number>();
  for (const char of value) counts.set(char, (counts.get(char) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / value.length) * Math.log2(count / value.length);
  return bits;
}

/** `projects/42/secrets/db-main`: words and numbers, put together by signs. */
function isMadeOfWords(value: string): boolean {
  return value.split(/[/._:-]+/).every((part) => /^(?:[a-z]+|[A-Z]?[a-z]+|[A-Z]+|\d*)$/.test(part));
}

/** Random enough to be a key: letters and digits mixed, at least 16 characters. Words and file names are not. */
export function looksRandom(value: string): boolean {
  const { length } = value;
  if (length < 16 || length > 512 || /\s/.test(value) || !/\d/.test(value) || !/[A-Za-z]/.test(value)) return false;
  return entropy(value) >= 3 && !isMadeOfWords(value);
}

/** Text for measuring time: made here, so that the figures can be had without any data set. */
const words =
  "select the order from table where status is open and region equals north with limit offset after review of shipping plan".split(
    " ",
  );

function hex(seed: number, length: number): string {
  let state = seed >>> 0;
  let out = "";
  while (out.length < length) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    out += state.toString(16).padStart(8, "0");
  }
  return out.slice(0, length);
}

/** Tool arguments without anything personal: queries, ids, hashes, versions, paths, logs. */
export function cleanDocument(i: number): string {
  const id = 1_000_000_000 + ((i * 7_919_993) % 8_000_000_000);
  return JSON.stringify({
    query: `SELECT id, ${words[i % words.length]} FROM orders WHERE id IN (${id}, ${id + 77}) AND created_at > '2025-0${1 + (i % 9)}-1${i % 10}T0${i % 10}:10:24Z' LIMIT 100`,
    trace: hex(i, 32),
    request: `${hex(i, 8)}-${hex(i + 1, 4)}-4${hex(i + 2, 3)}-a${hex(i + 3, 3)}-${hex(i + 4, 12)}`,
    path: `/var/lib/app/chunk_${id}.bin`,
    note: words
      .concat(words)
      .slice(i % 20, (i % 20) + 18)
      .join(" "),
    version: `v${i % 10}.${i % 13}.${i % 97}`,
    position: { lat: (i % 90) + 0.1213173, lon: -((i % 180) + 0.4739) },
  });
}

/** A customer record: nearly every field is personal. */
export function denseDocument(i: number): string {
  const n = String(1000 + (i % 9000));
  return JSON.stringify({
    name: `Customer ${i}`,
    email: `first.last${i}@mail.example.org`,
    phone: `+44 7400 12${n}`,
    mobile: `(415) 555-${n}`,
    card: "4539 1488 0343 6467",
    iban: "DE89 3704 0044 0532 0130 00",
    ssn: `536-32-${n}`,
    ip: `203.0.${i % 100}.${i % 250}`,
    mac: `00:1a:2b:3c:${hex(i, 2)}:5e`,
    notes: `call 089 72 63 ${n.slice(0, 2)} or write to o'neil+${i}@shop.example.co.uk`,
  });
}

/** Patterns that make careless expressions slow, each repeated to the wanted size. */
export const hostilePatterns: Readonly<Record<string, string>> = {
  "a@": "a@",
  "@": "@",
  "a.": "a.",
  "a@a.": "a@a.",
  "x@y.co": "x@y.co ",
  "1 ": "1 ",
  "1-": "1-",
  "1": "1",
  "12.": "12.",
  "(1": "(1",
  "+1": "+1",
  "415-555-2671": "415-555-2671 ",
  "4111 ": "4111 ",
  "4539148803436467": "4539148803436467 ",
  "GB82 ": "GB82 ",
  GB82: "GB82",
  AA12: "AA12 ",
  "::": "::",
  "1:": "1:",
  "a:b::": "a:b::",
  "ab:": "ab:",
  "ab-": "ab-",
  "http://a": "http://a",
  "://": "://",
  "1Base58": "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNx ",
  bc1q: "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7k ",
  "\\u0041": "\\u0041",
  "%40": "a%40b.co ",
  "full width": "\uff11\uff12\u200b",
  base64: "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo= ",
  "-----BEGIN": "-----BEGIN PRIVATE KEY-----",
  eyJ: "eyJhbGciOiJIUzI1NiJ9.eyJ",
  "password=": "password=",
  "password='": "password='\\",
  "sk-": "sk-",
  "token token": "token token:",
  "phone ": "phone phone phone 1 ",
  "<": "<A",
};

export function hostile(pattern: string, size: number): string {
  return pattern.repeat(Math.ceil(size / pattern.length)).slice(0, size);
}

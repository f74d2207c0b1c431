/** ISO 3166-1 codes that are delegated as top-level domains, with eu, uk, su, ac. */
const countryCodes =
  "ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz " +
  "de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it " +
  "je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni " +
  "nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh si sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj " +
  "tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw";

/** Endings of file names, code and machine names that are no top-level domain. */
const notDomains =
  "js ts tsx jsx mjs cjs json jsonl yaml yml toml lock ini cfg conf env log txt csv tsv xml html htm css scss less svg png jpg jpeg gif webp bmp ico tif tiff pdf doc docx xls xlsx " +
  "ppt pptx odt ods tar tgz gz bz2 zst rar whl jar war class exe dll bin dat db sqlite sql bak tmp swp patch diff java kt rb php go cpp hpp hxx cxx swift scala ipynb lua vue " +
  "wasm mp3 mp4 wav avi mkv ttf woff woff2 eot pem crt cer key csr service socket target timer mount slice local localhost localdomain lan internal intranet corp home invalid " +
  "latest alpha beta next canary stable nightly rc min map spec config prod dev staging default length size value values name id get set add push keys items prototype route command event test";

const countries: ReadonlySet<string> = new Set(countryCodes.split(" "));
const excluded: ReadonlySet<string> = new Set(notDomains.split(" "));
/** Delegated endings that the list above would exclude. */
const delegated: ReadonlySet<string> = new Set(["dev", "zip", "mov", "name"]);

/** Whether a mail domain may end in this label. New generic domains appear often, so three letters and more are believed unless they are known to be something else. */
export function isEmailDomainEnd(label: string): boolean {
  const lower = label.toLowerCase();
  if (lower.length === 2) return countries.has(lower);
  if (lower.length < 2 || lower.length > 24) return false;
  if (lower.startsWith("xn--")) return lower.length > 6;
  if (!/^\p{L}+$/u.test(lower)) return false;
  return delegated.has(lower) || !excluded.has(lower);
}

import type { EntityInfo } from "../entities.ts";

type Alphabet = "alnum" | "upper" | "hex" | "word" | "base64";

/** A token that a provider marks with a prefix: `prefix` and `min` to `max` characters of its alphabet. */
export interface PrefixedSecret {
  readonly type: string;
  readonly prefix: string;
  readonly min: number;
  readonly max: number;
  readonly alphabet: Alphabet;
}

function prefixed(
  type: string,
  prefixes: string,
  alphabet: Alphabet,
  [min, max]: readonly [number, number],
): PrefixedSecret[] {
  return prefixes.split(" ").map((prefix) => ({ type, prefix, min, max, alphabet }));
}

/** From the providers' own documentation of their token formats. */
export const prefixedSecrets: readonly PrefixedSecret[] = [
  ...prefixed("AWS_ACCESS_KEY", "AKIA ASIA ABIA ACCA", "upper", [16, 16]),
  ...prefixed("GITHUB_TOKEN", "ghp_ gho_ ghu_ ghs_ ghr_", "alnum", [36, 251]),
  ...prefixed("GITHUB_TOKEN", "github_pat_", "word", [60, 120]),
  ...prefixed(
    "GITLAB_TOKEN",
    "glpat- gldt- glrt- glcbt- glptt- glsoat- glft- glimt- glagent- gloas-",
    "word",
    [20, 80],
  ),
  ...prefixed("SLACK_TOKEN", "xoxb- xoxp- xoxa- xoxr- xoxs- xoxe- xoxc- xoxd- xapp-", "word", [20, 250]),
  ...prefixed("SLACK_WEBHOOK", "hooks.slack.com/services/ hooks.slack.com/workflows/", "base64", [20, 120]),
  ...prefixed("STRIPE_KEY", "sk_live_ rk_live_ sk_test_ rk_test_ whsec_", "alnum", [16, 250]),
  ...prefixed("ANTHROPIC_API_KEY", "sk-ant-", "word", [24, 200]),
  ...prefixed("OPENAI_API_KEY", "sk-proj- sk-svcacct- sk-admin-", "word", [24, 250]),
  ...prefixed("OPENAI_API_KEY", "sk-", "alnum", [40, 60]),
  ...prefixed("OPENROUTER_API_KEY", "sk-or-v1-", "hex", [40, 80]),
  ...prefixed("GOOGLE_API_KEY", "AIza", "word", [35, 35]),
  ...prefixed("GOOGLE_OAUTH", "ya29.", "word", [30, 500]),
  ...prefixed("GOOGLE_OAUTH", "GOCSPX-", "word", [24, 40]),
  ...prefixed("NPM_TOKEN", "npm_", "alnum", [36, 36]),
  ...prefixed("PYPI_TOKEN", "pypi-AgE", "word", [50, 250]),
  ...prefixed("HUGGINGFACE_TOKEN", "hf_ api_org_", "alnum", [30, 50]),
  ...prefixed("RUBYGEMS_TOKEN", "rubygems_", "hex", [48, 48]),
  ...prefixed("DOCKER_TOKEN", "dckr_pat_ dckr_oat_", "word", [24, 60]),
  ...prefixed("DIGITALOCEAN_TOKEN", "dop_v1_ doo_v1_ dor_v1_", "hex", [64, 64]),
  ...prefixed("DATABRICKS_TOKEN", "dapi", "hex", [32, 32]),
  ...prefixed("SHOPIFY_TOKEN", "shpat_ shpca_ shppa_ shpss_", "hex", [32, 32]),
  ...prefixed("SQUARE_TOKEN", "sq0atp- sq0csp- EAAAE", "word", [22, 70]),
  ...prefixed("VAULT_TOKEN", "hvs. hvb.", "word", [24, 300]),
  ...prefixed("DOPPLER_TOKEN", "dp.pt. dp.st. dp.ct. dp.sa.", "alnum", [40, 50]),
  ...prefixed("PLANETSCALE_TOKEN", "pscale_tkn_ pscale_pw_ pscale_oauth_", "word", [32, 70]),
  ...prefixed("ATLASSIAN_TOKEN", "ATATT3", "word", [60, 250]),
  ...prefixed("LINEAR_TOKEN", "lin_api_", "alnum", [32, 50]),
  ...prefixed("NOTION_TOKEN", "ntn_ secret_", "alnum", [43, 50]),
  ...prefixed("GRAFANA_TOKEN", "glsa_ glc_", "word", [32, 250]),
  ...prefixed("NEW_RELIC_KEY", "NRAK- NRJS-", "alnum", [19, 40]),
  ...prefixed("POSTMAN_KEY", "PMAK-", "word", [50, 70]),
  ...prefixed("SENTRY_TOKEN", "sntrys_ sntryu_", "base64", [40, 300]),
  ...prefixed("PERPLEXITY_API_KEY", "pplx-", "alnum", [40, 60]),
  ...prefixed("GROQ_API_KEY", "gsk_", "alnum", [40, 60]),
  ...prefixed("XAI_API_KEY", "xai-", "alnum", [60, 100]),
  ...prefixed("REPLICATE_TOKEN", "r8_", "alnum", [36, 42]),
  ...prefixed("AGE_SECRET_KEY", "AGE-SECRET-KEY-1", "upper", [58, 58]),
  ...prefixed("TAILSCALE_KEY", "tskey-", "word", [20, 80]),
  ...prefixed("FLY_TOKEN", "fm2_ FlyV1", "base64", [60, 600]),
  ...prefixed("PULUMI_TOKEN", "pul-", "hex", [40, 40]),
  ...prefixed("SENDGRID_API_KEY", "SG.", "word", [60, 75]),
  ...prefixed("MAILGUN_KEY", "key-", "hex", [32, 32]),
  ...prefixed("TWILIO_KEY", "SK", "hex", [32, 32]),
];

/** Found by structure or by the name they stand under. */
const structural: readonly (readonly [string, string])[] = [
  ["PRIVATE_KEY", "PEM or OpenPGP private key block"],
  ["JWT", "signed JSON web token"],
  ["CONNECTION_STRING", "URL that contains a password"],
  ["AUTHORIZATION_HEADER", "bearer or basic credentials as an HTTP header carries them"],
  ["AWS_SECRET_KEY", "AWS secret access key, by the name it stands under"],
  ["PASSWORD", "value that stands under a name such as password"],
  ["API_KEY", "random value that stands under a name such as api_key, token or secret"],
];

const prefixedTypes = [...new Set(prefixedSecrets.map(({ type }) => type))];

export const secretEntities: readonly EntityInfo[] = [
  ...structural.map(([type, description]) =>
    Object.freeze({ type, family: "secret" as const, defaultOn: true, description }),
  ),
  ...prefixedTypes.map((type) =>
    Object.freeze({
      type,
      family: "secret" as const,
      defaultOn: true,
      description: `${type.toLowerCase().replaceAll("_", " ")}, by its prefix`,
    }),
  ),
];

const numbers: ReadonlyMap<string, number> = new Map(secretEntities.map(({ type }, index) => [type, index]));

export function secretNumber(type: string): number {
  return numbers.get(type) ?? -1;
}

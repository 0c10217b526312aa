// The vocabulary of synthetic prompts: 1,024 English words, each exactly one token in o200k_base
// and cl100k_base, with and without a leading space; so n of them joined by spaces are n tokens.
// words.test.ts proves the claim against the tokenizer itself.

const text = `
with that this from return your have will public cont more inter part void they their self time
over about stat work function which else also some data private null when other year like name
need just been true there them real comm what value cons would false type were into make result
list than first import back start only string inform form look static best under trans most find
person help people want long final read test every spec should know well pres hand then through
user char require right stud very these product case good prof down where post pour high after
even file mark many much could while said used number years event here play print item last
program word text current great does sign because home such free process online take child view
break size show model using design check world week book think business again system call cent
point being made each poss place found open support create super line order service develop
method custom quest state next life request those follow care array expect organ same intern
local site style really main default must game object direct fact around rest between market
term error android still plus without month disc offer going both project page report build love
client come color cost second content path port full access effect company message stand head
feel level document team mill health sure invest field things small table protect response
always consider present change perform range during keep review prom days little three water
input interest better room website link power index school hard code catch plan family double
success within date account left group might element control services special provide count
total base another image area since body give extends kind search assert social contact record
echo turn email action able required less allow address looking never target material title
context video personal grow sent options console products money price version include children
match position await short update visit today dire blog working door based lead comb making
possible meet course done quality research away moment cell light label easy food times past
four mind along begin source throw house already software side exist cover property given
download width block called against results perfect prim large needs float thing camp elect fund
learn status students sort thought amount valid live having land tool display single talk node
until height clean load simple once items output select means original card actually mean often
either makes problem getting values deal connect please later quick night specific ever story
initial features details author below store continue space question country instance cook face
send press example members study host extra city player major others games media button hold
write stay save location favor news font throws hours comes miss women share copy above least
friend provided focus reason season walk pick wait close period auto move future writing track
click task offers dating doing option handle common pack clear created comment info music users
human subject network started role minutes global temp tell though hope tout months length
strong complete known front points film whether series heart young fall respect watch bring
choose install fast friends stop history someone query phone popular window industry unique
enter million added article came exam near join previous works override prop device render
accept register expected terms energy black perm limit parent went step general customer column
types format server engine member early weight answer idea whole normal reading issues password
apply received express suggest needed events anything correct training switch taking delete
center draw seen internet screen among sing prior session impact remove natural rate loss
building cannot feature actual files brand command exact comfort platform grand percent hotel
half except selected words rights living travel sites foot language receive claim fire staff
white five everyone stock root token issue changes paper includes forward filter taken contract
trying tech bill refer areas active however quite ensure student border mode similar inside soon
almost running board plant modern flex stream credit office template latest third bank lower
nothing takes regular fill likely tour usually ready ways deliver models standard risk probably
reviews digital increase cause section fail song mobile happy sales choice matter related recent
books wanted security subs players coming entry pretty higher frame official purchase prevent
machine virtual sound round sale included party prefer returns touch arch shows nice progress
pain sell weeks graph note clients menu images held systems drive learning random viol outside
rather worth upon policy located solution written computer multiple confirm reach instead leave
unit appear feed safe speed ground kids legal assist national medical late flow average database
ideas nature ball parts norm comments icon paint cases collect allows storage methods proper
region skin chat complex fort cross deep ones hair lock activity built wish leading seek
patients cart cool tree wide band memory consult wrong remember header empty slot looks release
town practice movie playing star growth discover ability pattern resource photos expert favorite
floor margin charge levels pool avoid parse daily score tools firm liter prices convert career
roll finally updated concept trust sense train club alert fields pages projects aspect gold
buffer goal thread starting notice gets elements mention blood views decision numbers owner
delivery adult lines attempt rock category shall picture bottom verb college road commit
settings sleep names earn sold photo woman unsigned parents solid lost advert internal hour
module trip positive uses smart green profile diff drink girl dark transfer contains groups
driver plans hands fine fresh offset capital piece ideal shop primary defined finish warm pare
guide meeting changed worked prime edit byte mount former setting stress payment creating
allowed wood scale distance effects summer channel raise cash push stuff links failed sport
strength stage states conduct camera basic drop counter rent login entity fair partner align
vehicle respond basis force padding shape constant existing birth hear shared fest rules places
eyes depend essay fully flag route theme purpose wall measure package vector license surface
motor classes thinking slow dream physical reported sans cast editor rates intent fight cookies
carry tips blue vent felt
`

/** 1,024 lower-case words, distinct. */
export const WORDS: readonly string[] = text.trim().split(/\s+/)

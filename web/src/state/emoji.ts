import type { PartialToken } from './room/mentions';

export interface Emoji {
  char: string;
  /** As it is written between colons. */
  code: string;
  /** Other words that people look for it by. */
  words: string;
}

/** Code, the emoji, and further words for it; the most used first. */
const table = `
+1 👍 thumbsup yes like agree
heart ❤️ love red
joy 😂 laugh tears lol
smile 😄 happy grin
blush 😊 smile warm
tada 🎉 party celebrate hooray
pray 🙏 thanks please thank
clap 👏 applause bravo
fire 🔥 hot lit
eyes 👀 look see
thinking 🤔 hmm think
open_mouth 😮 surprise wow
cry 😢 sad tear
white_check_mark ✅ done ok check
-1 👎 thumbsdown no
rocket 🚀 ship launch fast
100 💯 hundred perfect
wave 👋 hello hi bye
ok_hand 👌 okay fine
raised_hands 🙌 hooray hands
muscle 💪 strong
point_up ☝️ up
point_right 👉 right
point_left 👈 left
point_down 👇 down
handshake 🤝 deal agree
v ✌️ peace victory
crossed_fingers 🤞 luck hope
writing_hand ✍️ write
grin 😁 happy teeth
grinning 😀 happy
laughing 😆 haha
sweat_smile 😅 phew relief
rofl 🤣 rolling laugh
slightly_smiling_face 🙂 smile
upside_down_face 🙃 irony
wink 😉 hint
relaxed ☺️ content
heart_eyes 😍 love
kissing_heart 😘 kiss
yum 😋 tasty
stuck_out_tongue 😛 tongue
zany_face 🤪 crazy
nerd_face 🤓 glasses
sunglasses 😎 cool
star_struck 🤩 wow
partying_face 🥳 party birthday
hugs 🤗 hug
shushing_face 🤫 quiet
neutral_face 😐 meh
expressionless 😑 blank
no_mouth 😶 silent
smirk 😏 sly
roll_eyes 🙄 bored
grimacing 😬 awkward
relieved 😌 calm
pensive 😔 thoughtful
sleepy 😪 tired
sleeping 😴 zzz
mask 😷 ill
thermometer_face 🤒 sick fever
sneezing_face 🤧 cold
dizzy_face 😵 dizzy
exploding_head 🤯 mind blown
cowboy_hat_face 🤠 cowboy
confused 😕 unsure
worried 😟 concern
frowning ☹️ sad
astonished 😲 shock
flushed 😳 embarrassed
pleading_face 🥺 puppy please
fearful 😨 afraid
cold_sweat 😰 nervous
sob 😭 cry weep
scream 😱 fear
disappointed 😞 sad
sweat 😓 hard
weary 😩 tired
tired_face 😫 tired
yawning_face 🥱 bored
triumph 😤 proud
rage 😡 angry
angry 😠 mad
skull 💀 dead
clown_face 🤡 clown
ghost 👻 boo
robot 🤖 bot
shrug 🤷 dunno whatever
facepalm 🤦 oops
see_no_evil 🙈 monkey
hear_no_evil 🙉 monkey
speak_no_evil 🙊 monkey
broken_heart 💔 sad
orange_heart 🧡 love
yellow_heart 💛 love
green_heart 💚 love
blue_heart 💙 love
purple_heart 💜 love
black_heart 🖤 love
white_heart 🤍 love
sparkles ✨ shiny new magic
star ⭐ favourite
zap ⚡ lightning fast
boom 💥 bang
dash 💨 fast
zzz 💤 sleep
speech_balloon 💬 talk chat
bulb 💡 idea
bell 🔔 alert
mega 📣 announce
pushpin 📌 pin
paperclip 📎 attach
link 🔗 chain
lock 🔒 secure
key 🔑 password
wrench 🔧 fix tool
hammer 🔨 build
gear ⚙️ settings
mag 🔍 search find
bug 🐛 insect
construction 🚧 wip work
package 📦 box release
memo 📝 note write
book 📖 read
books 📚 library
bar_chart 📊 stats
chart_with_upwards_trend 📈 growth up
chart_with_downwards_trend 📉 down
calendar 📅 date
alarm_clock ⏰ time
hourglass ⌛ wait
watch ⌚ time
email 📧 mail
phone ☎️ call
computer 💻 laptop
keyboard ⌨️ type
camera 📷 photo
movie_camera 🎥 film
musical_note 🎵 music
headphones 🎧 music
microphone 🎤 sing
art 🎨 paint
trophy 🏆 win
medal 🏅 win
dart 🎯 target goal
game_die 🎲 dice
soccer ⚽ football
bike 🚲 cycle
car 🚗 drive
train 🚆 rail
airplane ✈️ fly travel
house 🏠 home
office 🏢 work
earth_africa 🌍 world globe
sunny ☀️ sun weather
cloud ☁️ weather
umbrella ☔ rain
snowflake ❄️ cold winter
rainbow 🌈 colours
moon 🌙 night
seedling 🌱 plant grow
evergreen_tree 🌲 tree
four_leaf_clover 🍀 luck
sunflower 🌻 flower
rose 🌹 flower
tulip 🌷 flower
herb 🌿 leaf
mushroom 🍄 fungus
dog 🐶 pet
cat 🐱 pet
mouse 🐭 pet
fox_face 🦊 fox
bear 🐻 animal
panda_face 🐼 panda
penguin 🐧 linux
bird 🐦 animal
turtle 🐢 slow
snail 🐌 slow
bee 🐝 insect
butterfly 🦋 insect
fish 🐟 sea
whale 🐳 sea docker
octopus 🐙 sea
crab 🦀 rust
unicorn 🦄 magic
apple 🍎 fruit
banana 🍌 fruit
strawberry 🍓 fruit
lemon 🍋 fruit
avocado 🥑 fruit
tomato 🍅 vegetable
carrot 🥕 vegetable
bread 🍞 food
cheese 🧀 food
pizza 🍕 food
hamburger 🍔 food
taco 🌮 food
sushi 🍣 food
egg 🥚 food
popcorn 🍿 cinema
cookie 🍪 sweet
cake 🍰 sweet
birthday 🎂 cake
doughnut 🍩 sweet
chocolate_bar 🍫 sweet
coffee ☕ drink break
tea 🍵 drink break
beer 🍺 drink
beers 🍻 drink cheers
wine_glass 🍷 drink
champagne 🍾 celebrate
gift 🎁 present
balloon 🎈 party
christmas_tree 🎄 xmas
jack_o_lantern 🎃 halloween
warning ⚠️ caution
x ❌ no wrong
heavy_check_mark ✔️ yes done
question ❓ what
exclamation ❗ important
no_entry ⛔ stop forbidden
stop_sign 🛑 stop
recycle ♻️ again
arrow_up ⬆️ up
arrow_down ⬇️ down
arrow_right ➡️ right
arrow_left ⬅️ left
heavy_plus_sign ➕ plus add
checkered_flag 🏁 finish
white_flag 🏳️ surrender
rainbow_flag 🏳️‍🌈 pride
`;

export const emojis: readonly Emoji[] = table.trim().split('\n').map((line) => {
  const [code = '', char = '', ...words] = line.split(' ');
  return { char, code, words: words.join(' ') };
});

const BEGUN = /(?:^|[\s(])(:([a-z0-9_+-]{2,30}))$/;
const WHOLE = /(?:^|[\s(]):([a-z0-9_+-]{1,30}):$/;
const MOST = 6;

/** The :code that ends at the caret and may still go on. */
export function emojiAt(text: string, caret: number): PartialToken | undefined {
  const query = BEGUN.exec(text.slice(0, caret))?.[2];
  return query === undefined || isCode(text, caret) ? undefined : { start: caret - query.length - 1, query };
}

/** Which may be meant: by the code's beginning, then by a word's, then by anything within the code. */
export function emojisFor(query: string): Emoji[] {
  const kinds = [
    emojis.filter(({ code }) => code.startsWith(query)),
    emojis.filter(({ code, words }) => `${code.replaceAll('_', ' ')} ${words}`.split(' ').some((word) => word.startsWith(query))),
    emojis.filter(({ code }) => code.includes(query)),
  ];
  return [...new Set(kinds.flat())].slice(0, MOST);
}

/** The text with the :code: that has just been closed at the caret drawn, and where the caret stands then; undefined where there is none. */
export function drawn(text: string, caret: number): { text: string; caret: number } | undefined {
  const code = WHOLE.exec(text.slice(0, caret))?.[1];
  const emoji = code === undefined ? undefined : emojis.find((one) => one.code === code);
  if (emoji === undefined || code === undefined || isCode(text, caret)) return undefined;
  const start = caret - code.length - 2;
  return { text: text.slice(0, start) + emoji.char + text.slice(caret), caret: start + emoji.char.length };
}

const FEW = /^(?:(?:\p{RI}{2}|\p{Emoji_Presentation}|\p{Emoji}\uFE0F)(?:\p{EMod}|\uFE0F|\u200D\p{Extended_Pictographic})*\s*){1,3}$/u;

/** Whether a message is one to three emoji and no word: then it is drawn large. */
export function isEmojiOnly(text: string): boolean {
  return text.length <= 40 && FEW.test(text.trim());
}

/** Whether the caret stands within an open block of code. */
export function isInFence(text: string, caret: number): boolean {
  const fences = text.slice(0, caret).split('\n').filter((line) => line.trimStart().startsWith('```'));
  return fences.length % 2 === 1;
}

/** In code nothing is drawn. */
function isCode(text: string, caret: number): boolean {
  const line = text.slice(text.lastIndexOf('\n', caret - 1) + 1, caret);
  return isInFence(text, caret) || (line.split('`').length - 1) % 2 === 1;
}

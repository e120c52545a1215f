/** The worst of those with ten characters or more, lower-cased; shorter ones are refused by their length. */
export const COMMON_PASSWORDS: ReadonlySet<string> = new Set(
  `
  0123456789 01234567890 0987654321 1111111111 1122334455 1123581321 1212121212 1223334444 12341234123
  1234512345 123456789a 123456789q 123456789z 1234567890 12345678900 12345678901 1234567890a 1234567890q
  123456789abc 12345678910 1234567891 123qweasdzxc 1357924680 147258369a 147852369a 1q2w3e4r5t 1q2w3e4r5t6y
  1qaz2wsx3edc 1qazxsw23edc 1qaz2wsx3edc4rfv 2000000000 3141592653 3141592654 31415926535 5555555555
  7777777777 789456123a 9876543210 987654321a a123456789 a1b2c3d4e5 a1b2c3d4e5f6 aaaaaaaaaa abc1234567
  abc123456789 abcd123456 abcd1234567 abcde12345 abcdef1234 abcdef123456 abcdefghij abcdefghijk admin12345
  admin123456 administrator alexander1 asdfasdfasdf asdfghjkl1 asdfghjkl123 asdfghjkl; asdfghjklz babygirl123
  barcelona1 basketball basketball1 butterfly1 changeme123 changemenow charlie123 chocolate1 computer123
  cristiano7 default123 dragon1234 dragonball elizabeth1 evangelion everything football12 football123
  footballer forever123 gfhjkm1234 guest12345 hello12345 hello123456 helloworld helloworld1
  iloveyou11 iloveyou12 iloveyou123 iloveyou1234 iloveyou22 iloveyousomuch jennifer123
  jordan2323 kingkong123 letmein123 letmein1234 letmeinnow liverpool1 liverpool123 love123456 lovelovelove
  loveyou123 manchester manchester1 master1234 metallica1 michael123 michelle123 monkey1234
  mypassword mypassword1 mypassword123 nintendo123 passpass123 passw0rd12 passw0rd123 passw0rd1234 passwd1234
  password00 password01 password10 password11 password12 password123 password123! password1234 password12345
  password123456 password!! password1! password.1 password@1 password@123 passwordpassword photography
  pokemon123 princess12 princess123 q1w2e3r4t5 q1w2e3r4t5y6 qazwsx1234 qazwsxedc1 qazwsxedc123 qazwsxedcrfv
  qwer123456 qweasdzxc1 qweasdzxc123 qwerasdfzxcv qwert12345 qwerty1234 qwerty12345 qwerty123456 qwertyqwerty
  qwertyuiop qwertyuiop1 qwertyuiop12 qwertyuiop123 qwertyuiop[] qwertzuiop q1w2e3r4t5y6u7i8 realmadrid
  roottoor123 samsung123 secret1234 shadow1234 slipknot123 spiderman1 starwars123 strawberry summertime
  sunshine12 sunshine123 superman12 superman123 superstar1 test123456 test1234567 testing123 testtest12
  testtest123 thisisfine thomas1234 trustno1234 universal1 volleyball welcome123 welcome123! welcome1234
  welcome12345 whatever12 whatever123 william123 wonderland wordpass123 youaremine zaq12wsxcde3 zaq1zaq1zaq1
  zxcvbnm123 zxcvbnm1234 zxcvbnm,./ zxcvbnmasdfghjkl
  `
    .trim()
    .split(/\s+/),
);

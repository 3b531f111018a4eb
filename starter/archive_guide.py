"""``说明.txt``: what every file and column of an archive means, and how to check it without us."""

from __future__ import annotations

from typing import Final

__all__ = ["guide"]

_TEXT: Final = """{title}（{rollout}）档案说明

一、怎样看
  用浏览器打开“索引.html”。每个办结或终止的事项是一个案卷，打开“案卷.html”即可看到全部内容，可直接打印。
  所有页面不需要联网，也不需要任何专门软件。表格（.csv）可用 Excel、WPS 或记事本打开，编码为 UTF-8。
  .json 是同样内容的完整形式，是纯文本，记事本可读，供将来的程序使用。

二、时间
  页面和表格里的时间都是北京时间；.json 里的时间是世界时（+00:00，比北京时间早8小时）。
  “发生日期”是事情实际发生的日期，“记录时间”是录入的时间；发生在前、录入在后的标“补录”。
  是否按期，按发生日期判断。

三、文件
  索引.html、目录.csv   全部事项；未结的也列出，但没有案卷。
  方案/               每一版方案：第N版.xlsx、第N版-任务.csv、第N版.json；版本.csv 为登记时间和登记人；
                      修改.csv 为历次修改的机关和文号。
  通讯录/             单位、任职（起止时间）、版本（每次变动的文号）、请假代办。
  日历/               用过的每一版工作日历：哪些天放假、哪些天上班、依据的文件。
  会议/               会议、各项决定、出席情况。
  案卷/区/单位/事项/   一个事项：
    案卷.html         以下各表合在一页。
    环节.csv          每个环节每一次办理：交办时间、原时限和规则、现时限和规则、日历版本、时限变动
                      （批准人、文号）、办结时间、结果、是否按期。
    办理记录.csv、.json  每一次办理、拒绝、提醒、到期、升级、改期；.json 另有当时挂图上的状态（state）。
    通知.csv          发给各单位的通知、提醒、升级告知。
    文件.csv、文件/    办理时所附的证据；“入库”的在“文件/”里，“线下”的由单位自存，凭文号和 sha256 核对。
    入库.csv、查阅.csv  证据文件由谁存入、由谁调阅。
    历史.csv、历史/    Temporal 服务器上的完整事件历史，每段一个文件，第1段最早；
                      过长的流程会换段续办，前一段末尾是 CONTINUED_AS_NEW，写有后一段的运行编号。
  推进/               改革、各区、各单位、方案修订、日历发布等上级流程的事件历史。
  清单.json           归档时间、归档人、件数、每个案卷的概况、缺失的内容。
  SHA256SUMS          除它自己以外每个文件的 sha256。

四、办理记录的各栏
  序号         从1起，不间断。服务器恢复到早先状态后重新办理的，旧记录的“被取代于”写有取代它的运行编号，
               序号会重复；以没有被取代的为准。
  类别         开启、办理、拒绝（按规则不予办理，没有改变任何事情）、提醒、到期、升级、改期、修订、结束。
  身份         代办某某：某某请假期间代为办理；代录：会议或领导等没有账号，由代录单位凭文件录入；
               协调员代记：单位没有答复，由协调员记录。空白为本人以本单位职务办理。
  拒绝代码     拒绝的原因的代码，含义见“内容”。
  操作编号     办理人一次操作的编号，同一操作重复送达只算一次。
  运行编号     写这条记录的那一段历史。
  已确认       该操作已经在服务器的历史里。

五、历史文件的形式
  每个事件照服务器所存；其中 “metadata/json” 是解码后的内容。某处同时有 “data” 的，是其原始字节（base64）。
  去掉 json、按 “编码后的 json 或 data” 还原，即为 Temporal 的标准历史，可用其工具重放。

六、核验
  Linux、macOS：在本目录执行   sha256sum -c SHA256SUMS   （macOS：shasum -a 256 -c SHA256SUMS）
  Windows：     certutil -hashfile 文件名 SHA256   与 SHA256SUMS 中对应的一行比较。
  装有街改软件时：jiegai archive verify 本目录   另查有无多余或缺少的文件、记录序号、表格与 .json 是否一致。
  归档时打印的 SHA256SUMS 本身的 sha256 应抄在移交清单上；凭它可以知道整个档案有没有动过。
"""


def guide(rollout: str, title: str) -> str:
    """This will write the guide of one archive, with the line ends that every editor shows."""
    return "\ufeff" + _TEXT.format(rollout=rollout, title=title).replace("\n", "\r\n")
